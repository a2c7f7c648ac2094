// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** An image arrives as it was sent, however it is cut, and a damaged one is refused. */
class ConnectionImageTest {

  private static final int MANY = 1000;

  /** The records of a connection, with descriptors that this object owns. */
  private static final class Source implements AutoCloseable {
    private final List<Fd> fds = new ArrayList<>();
    private final ConnectionHead head;
    private final List<Fd> sockets = new ArrayList<>();
    private final List<ConnectionRecord> records = new ArrayList<>();

    Source(RandomGenerator random) throws Exception {
      boolean hasTwin = random.nextBoolean();
      head = randomHead(random, hasTwin);
      sockets.add(create());
      if (hasTwin) {
        sockets.add(create());
      }
      for (RecordKind kind : List.of(RecordKind.SETUP, RecordKind.DOORBELLS, RecordKind.MAPPED_REGION,
          RecordKind.INPUT)) {
        for (int i = random.nextInt(6); i > 0; i--) {
          byte[] body = new byte[1 + random.nextInt(200)];
          random.nextBytes(body);
          records.add(new ConnectionRecord(kind, MemorySegment.ofArray(body), someFds(random)));
        }
      }
    }

    private static ConnectionHead randomHead(RandomGenerator random, boolean hasTwin) {
      EnumSet<Extension> extensions = EnumSet.noneOf(Extension.class);
      for (Extension extension : Extension.values()) {
        if (extension != Extension.CONTROL && random.nextBoolean()) {
          extensions.add(extension);
        }
      }
      return new ConnectionHead(random.nextLong() | 1, random.nextLong(), random.nextInt(), random.nextInt(),
          new Limits(random.nextInt(MANY), 1 + random.nextInt(MANY), 1 + random.nextInt(MANY),
              8 + random.nextInt(MANY), 4096L << random.nextInt(20)),
          new Extensions(random.nextBoolean(), extensions), random.nextBoolean(), hasTwin,
          random.nextBoolean(), random.nextInt(0x1_0000));
    }

    private Fd create() throws Exception {
      Fd fd = EventFd.create().fd();
      fds.add(fd);
      return fd;
    }

    /** Returns new descriptors, and some that other records have too. */
    private List<Fd> someFds(RandomGenerator random) throws Exception {
      List<Fd> some = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        some.add(random.nextBoolean() ? create() : fds.get(random.nextInt(fds.size())));
      }
      return some;
    }

    ConnectionImage image() throws ErrnoException {
      ConnectionImage.Builder builder = new ConnectionImage.Builder(head, sockets);
      for (ConnectionRecord record : records) {
        builder.add(record);
      }
      return builder.build();
    }

    @Override
    public void close() {
      fds.forEach(Fd::close);
    }
  }

  /** Sends an image in parts, and returns the one that arrives. */
  private static ConnectionImage transfer(ConnectionImage image, int maxBytes, int maxFds)
      throws ErrnoException {
    try (ConnectionImage.Assembler assembler = new ConnectionImage.Assembler()) {
      boolean isLast = false;
      for (int i = 0; !isLast; i++) {
        ConnectionImage.Part part = image.part(i, maxBytes, maxFds);
        assertThat(part.bytes().byteSize()).isLessThanOrEqualTo(maxBytes);
        assertThat(part.fds()).hasSizeLessThanOrEqualTo(maxFds);
        assertThat(assembler.next()).isEqualTo(i);
        assembler.append(part.bytes(), part.fds());
        isLast = part.isLast();
      }
      return assembler.build();
    }
  }

  private static byte[] bytes(ConnectionImage image) throws ErrnoException {
    return image.part(0, ConnectionImage.MAX_BYTES, ConnectionImage.MAX_FDS).bytes()
        .toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void arrivesAsSent() throws Exception {
    var before = ProcessResources.openFds();
    Property.holdsFor(200, random -> {
      try (Source source = new Source(random);
          ConnectionImage sent = source.image();
          ConnectionImage arrived = transfer(sent, 1 + random.nextInt(300), 1 + random.nextInt(9))) {
        assertThat(bytes(arrived)).isEqualTo(bytes(sent));
        List<ConnectionRecord> records = arrived.records();
        assertThat(ConnectionHead.decode(records.getFirst())).isEqualTo(source.head);
        assertSame(records.getFirst().fds(), source.sockets);
        assertThat(records).hasSize(1 + source.records.size());
        for (int i = 0; i < source.records.size(); i++) {
          ConnectionRecord expected = source.records.get(i);
          ConnectionRecord record = records.get(i + 1);
          assertThat(record.kind()).isEqualTo(expected.kind());
          assertThat(record.body().mismatch(expected.body())).isEqualTo(-1);
          assertSame(record.fds(), expected.fds());
        }
      }
    });
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  /** Checks that a signal of each descriptor that was sent arrives at the one received in its place. */
  private static void assertSame(List<Fd> received, List<Fd> sent) throws Exception {
    assertThat(received).hasSameSizeAs(sent);
    for (int i = 0; i < sent.size(); i++) {
      EventFd.of(sent.get(i)).signal();
      assertThat(EventFd.of(received.get(i)).drain()).isEqualTo(1);
    }
  }

  @Test
  void sendsDescriptorOfSeveralRecordsOnce() throws Exception {
    try (EventFd socket = EventFd.create(); EventFd file = EventFd.create()) {
      ConnectionImage.Builder builder = new ConnectionImage.Builder(
          Source.randomHead(RandomGenerator.getDefault(), false), List.of(socket.fd()));
      for (int i = 0; i < MANY; i++) {
        builder.add(new ConnectionRecord(RecordKind.SETUP, MemorySegment.ofArray(new byte[8]),
            List.of(file.fd())));
      }
      assertThat(builder.build().part(0, ConnectionImage.MAX_BYTES, MANY).fds())
          .containsExactly(socket.fd(), file.fd());
    }
  }

  @Test
  void refusesDamage() throws Exception {
    var before = ProcessResources.openFds();
    Property.holdsFor(20, random -> {
      try (Source source = new Source(random); ConnectionImage image = source.image()) {
        byte[] whole = bytes(image);
        List<Fd> fds = image.part(0, ConnectionImage.MAX_BYTES, ConnectionImage.MAX_FDS).fds();
        for (int length = 0; length < whole.length; length++) {
          decode(java.util.Arrays.copyOf(whole, length), fds);
        }
        for (int i = 0; i < whole.length; i++) {
          byte[] flipped = whole.clone();
          flipped[i] ^= (byte) (1 << random.nextInt(Byte.SIZE));
          decode(flipped, fds);
        }
        if (!fds.isEmpty()) {
          assertThatExceptionOfType(ErrnoException.class)
              .isThrownBy(() -> new ConnectionImage(whole, fds.subList(0, fds.size() - 1), false).records())
              .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
        }
      }
    });
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  /** Decodes bytes that may be damaged: what is accepted has the declared form. */
  private static void decode(byte[] bytes, List<Fd> fds) {
    try (ConnectionImage image = new ConnectionImage(bytes, fds, false)) {
      List<ConnectionRecord> records = image.records();
      ConnectionHead head = ConnectionHead.decode(records.getFirst());
      ConnectionImage.Builder again = new ConnectionImage.Builder(head, records.getFirst().fds());
      for (ConnectionRecord record : records.subList(1, records.size())) {
        again.add(record);
      }
      assertThat(bytes(again.build())).hasSameSizeAs(bytes);
    } catch (ErrnoException e) {
      assertThat(e.errno()).isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  void refusesRecordsOutOfOrder() throws Exception {
    try (EventFd socket = EventFd.create()) {
      ConnectionHead head = Source.randomHead(RandomGenerator.getDefault(), false);
      List<Fd> fds = List.of(socket.fd());
      byte[] twice = bytes(new ConnectionImage.Builder(head, fds)
          .add(new ConnectionRecord(RecordKind.CONNECTION, MemorySegment.ofArray(new byte[8]), fds)).build());
      byte[] reversed = bytes(new ConnectionImage.Builder(head, fds)
          .add(new ConnectionRecord(RecordKind.INPUT, MemorySegment.ofArray(new byte[8]), List.of()))
          .add(new ConnectionRecord(RecordKind.SETUP, MemorySegment.ofArray(new byte[8]), List.of()))
          .build());
      byte[] noInput = bytes(new ConnectionImage.Builder(head, fds)
          .add(new ConnectionRecord(RecordKind.INPUT, MemorySegment.ofArray(new byte[0]), List.of()))
          .build());
      for (byte[] bytes : List.of(twice, reversed, noInput)) {
        assertThatExceptionOfType(ErrnoException.class)
            .isThrownBy(() -> new ConnectionImage(bytes, fds, false).records())
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
      }
    }
  }

  @Test
  void limitsSizeOfWhatArrives() throws Exception {
    try (ConnectionImage.Assembler assembler = new ConnectionImage.Assembler()) {
      assembler.append(MemorySegment.ofArray(new byte[ConnectionImage.MAX_BYTES]), List.of());
      assertThatExceptionOfType(ErrnoException.class)
          .isThrownBy(() -> assembler.append(MemorySegment.ofArray(new byte[1]), List.of()))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
    }
  }

  @Test
  void closesDescriptorsOfPartsThatNeverEnd() throws Exception {
    var before = ProcessResources.openFds();
    try (EventFd socket = EventFd.create(); ConnectionImage.Assembler assembler =
        new ConnectionImage.Assembler()) {
      assembler.append(MemorySegment.ofArray(new byte[8]), List.of(socket.fd(), socket.fd()));
    }
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }
}
