// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestMemory;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** However a stream is split, the messages read are those sent, each with its own descriptors. */
class MessageReaderPropertyTest {

  private static final int MESSAGES = 40;

  /** A stream, the offsets at which it is split, and the descriptors sent at each. */
  private static final class Stream {
    private final List<byte[]> bodies = new ArrayList<>();
    private final TreeMap<Integer, Fd> fds = new TreeMap<>();
    private final TreeSet<Integer> cuts = new TreeSet<>();
    private final byte[] bytes;

    Stream(RandomGenerator random) throws Exception {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < MESSAGES; i++) {
        byte[] body = new byte[Property.oneOf(random, 0, 8, 32, random.nextInt(300), random.nextInt(20_000))];
        random.nextBytes(body);
        int from = all.size();
        all.writeBytes(RawPeer.message(i, Command.DMA_MAP, RawPeer.COMMAND, 0, body));
        bodies.add(body);
        if (random.nextInt(3) == 0) {
          fds.put(from, TestMemory.createNumbered(i));
          // Descriptors are sent with the beginning of a message, not with the end of another; they belong to
          // the last one.
          cuts.add(from);
          cuts.add(all.size());
        }
      }
      bytes = all.toByteArray();
      cuts.add(bytes.length);
      cuts.remove(0);
      for (int i = random.nextInt(100); i > 0; i--) {
        cuts.add(1 + random.nextInt(bytes.length));
      }
    }

    boolean sendTo(RawPeer peer) throws Exception {
      int from = 0;
      for (int cut : cuts) {
        var within = fds.subMap(from, cut).values();
        peer.send(java.util.Arrays.copyOfRange(bytes, from, cut), within.toArray(Fd[]::new));
        from = cut;
      }
      return true;
    }
  }

  @Test
  void reassemblesMessages() throws Exception {
    var before = ProcessResources.openFds();
    Property.holdsFor(60, random -> {
      Stream stream = new Stream(random);
      UnixSocket.Pair pair = UnixSocket.pair();
      try (RawPeer peer = new RawPeer(pair.one()); Arena arena = Arena.ofConfined();
          MessageTransport transport =
              new SocketTransport(pair.other(), Duration.ofSeconds(30), Duration.ZERO, 1 << 20);
          MessageReader reader = new MessageReader(transport, Duration.ofSeconds(30), arena);
          Request request = new Request(new SliceTable(arena.allocate(1 << 15)))) {
        BackgroundTask<?> sender = BackgroundTask.start("sender", () -> stream.sendTo(peer));
        int at = 0;
        for (int i = 0; i < MESSAGES; i++) {
          assertThat(reader.next(false)).isTrue();
          assertThat(reader.id()).isEqualTo(i);
          assertRoundTrip(random.nextInt(4), reader, request, stream.bodies.get(i));
          assertFds(request, i, stream.fds.get(at));
          at += Header.SIZE + stream.bodies.get(i).length;
        }
        sender.result();
      } finally {
        stream.fds.values().forEach(Fd::close);
      }
    });
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  private static void assertRoundTrip(int how, MessageReader reader, Request request, byte[] body)
      throws Exception {
    if (how == 0) {
      // The body is not read; the descriptors belong to the request nevertheless.
      request.close();
      request.fds().takeAll(reader.fds());
      return;
    }
    request.receive(reader);
    assertThat(request.size()).isEqualTo(body.length);
    assertThat(request.data(0, body.length).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(body);
  }

  private static void assertFds(Request request, int number, @Nullable Fd expected)
      throws Exception {
    assertThat(request.fds().count()).as("descriptors of message %d", number)
        .isEqualTo(expected == null ? 0 : 1);
    if (expected != null) {
      try (Fd fd = request.fds().take(0); Arena arena = Arena.ofConfined()) {
        MemorySegment page = MemoryMap.shared(fd, 0, 4096, false, arena);
        assertThat(page.get(LittleEndian.U32, 0)).isEqualTo(number);
      }
    }
  }
}
