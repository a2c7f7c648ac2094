// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.server.SetupMessages;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.UnreadBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Messages that one server has received in part are read by the next one, with their descriptors. */
class ReplayTransportTest {

  private static final int MESSAGES = 30;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** A message, and the eventfd that goes with it. */
  private static final class Sent {
    private final byte[] body;
    private final EventFd eventFd;

    Sent(byte[] body, EventFd eventFd) {
      this.body = body;
      this.eventFd = eventFd;
    }
  }

  /** Sends a message in one piece or in two, with its descriptor in the first. */
  private static void send(RawPeer peer, RandomGenerator random, int id, Sent sent) throws Exception {
    byte[] message = RawPeer.message(id, Command.DMA_MAP, RawPeer.COMMAND, 0, sent.body);
    int cut = random.nextBoolean() ? message.length : 1 + random.nextInt(message.length - 1);
    peer.send(Arrays.copyOf(message, cut), sent.eventFd.fd());
    if (cut < message.length) {
      peer.send(Arrays.copyOfRange(message, cut, message.length));
    }
  }

  private static MessageReader reader(MessageTransport transport, Arena arena) {
    MessageReader reader = new MessageReader(transport, TIMEOUT, arena);
    reader.enableDeferral(1 << 16, Arena::ofConfined);
    return reader;
  }

  private static void assertNext(MessageReader reader, Request request, int id, Sent sent) throws Exception {
    assertThat(reader.next(false)).isTrue();
    assertThat(reader.id()).isEqualTo(id);
    request.receive(reader);
    assertThat(request.data(0, sent.body.length).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(sent.body);
    assertThat(request.fds().count()).isEqualTo(1);
    sent.eventFd.signal();
    assertThat(EventFd.of(request.fds().peek(0)).drain()).isEqualTo(1);
    request.close();
  }

  private static List<UnreadBytes> duplicates(List<UnreadBytes> unread) throws Exception {
    List<UnreadBytes> copies = new ArrayList<>();
    for (UnreadBytes bytes : unread) {
      copies.add(new UnreadBytes(bytes.bytes(), SetupMessages.duplicates(bytes.fds())));
    }
    return copies;
  }

  @Test
  void continuesStreamOfOtherReader() throws Exception {
    var before = ProcessResources.openFds();
    Property.holdsFor(60, random -> {
      List<Sent> sent = new ArrayList<>();
      UnixSocket.Pair pair = UnixSocket.pair();
      Fd second = pair.other().fd().duplicate();
      try (RawPeer peer = new RawPeer(pair.one());
          Arena arena = Arena.ofConfined();
          MessageTransport first = new SocketTransport(pair.other(), TIMEOUT, Duration.ZERO, 1 << 21);
          MessageReader source = reader(first, arena);
          Request request = new Request(new SliceTable(arena.allocate(1 << 16)))) {
        int early = random.nextInt(MESSAGES);
        for (int i = 0; i < MESSAGES; i++) {
          byte[] body = new byte[1 + random.nextInt(random.nextBoolean() ? 40 : 12_000)];
          random.nextBytes(body);
          sent.add(new Sent(body, EventFd.create()));
        }
        // The last message may have arrived in part when the source defers.
        byte[] last = RawPeer.message(MESSAGES - 1, Command.DMA_MAP, RawPeer.COMMAND, 0, sent.getLast().body);
        int cut = 1 + random.nextInt(last.length - 1);
        for (int i = 0; i < MESSAGES - 1; i++) {
          send(peer, random, i, sent.get(i));
        }
        peer.send(Arrays.copyOf(last, cut), sent.getLast().eventFd.fd());
        for (int i = 0; i < early; i++) {
          assertNext(source, request, i, sent.get(i));
        }
        if (random.nextBoolean()) {
          source.receiveNow();
        }
        try (MessageTransport replay = new ReplayTransport(
            new SocketTransport(UnixSocket.of(second), TIMEOUT, Duration.ZERO, 1 << 21),
            duplicates(source.unread())); MessageReader target = reader(replay, arena)) {
          peer.send(Arrays.copyOfRange(last, cut, last.length));
          for (int i = early; i < MESSAGES; i++) {
            assertNext(target, request, i, sent.get(i));
          }
          assertThat(target.hasBuffered()).isFalse();
          assertThat(replay.awaitReadable(0)).isFalse();
        }
      } finally {
        sent.forEach(each -> each.eventFd.close());
      }
    });
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  @Test
  void isReadableWhileBytesAreLeftAndClosesTheirDescriptors() throws Exception {
    var before = ProcessResources.openFds();
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket _ = pair.one();
        EventFd alarm = EventFd.create();
        EventFd carried = EventFd.create();
        Arena arena = Arena.ofConfined();
        MessageTransport replay =
            new ReplayTransport(new SocketTransport(pair.other(), TIMEOUT, Duration.ZERO, 1 << 16),
                List.of(unread(carried), unread(carried)))) {
      assertThat(replay.awaitReadable(-1)).isTrue();
      assertThat(replay.awaitReadable(alarm.fd(), -1)).isEqualTo(MessageTransport.READABLE);
      alarm.signal();
      assertThat(replay.awaitReadable(alarm.fd(), -1))
          .isEqualTo(MessageTransport.READABLE | MessageTransport.EVENT);
      // A receive without a place for descriptors closes them.
      assertThat(replay.receiveAll(arena.allocate(100))).isEqualTo(8);
    }
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  private static UnreadBytes unread(EventFd eventFd) throws Exception {
    return new UnreadBytes(MemorySegment.ofArray(new byte[8]), List.of(eventFd.fd().duplicate()));
  }
}
