// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.ConnectionPart;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images of a connection that are damaged are refused by the target, and the source continues. */
@Timeout(120)
class DamagedImagesTest {

  private static final String CAPABILITIES =
      "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"vfio4j\":{\"control\":true}}}";
  private static final IovaRange RANGE = new IovaRange(0x10_0000, 0x2000);

  @TempDir
  private Path folder;

  private TestServer source;
  private TestServer target;
  private VfioUserClient vmm;
  private RawPeer sourceControl;
  private RawPeer targetControl;
  /** The image, and its descriptors, which {@link #sourceControl} owns. */
  private byte[] image;
  private List<Fd> fds;

  @BeforeEach
  void export() throws Exception {
    source = TestServer.start(folder, ServerOptions.DEFAULT.withControl(folder.resolve("source")));
    target = TestServer.start(folder, ServerOptions.DEFAULT.withControl(folder.resolve("target")));
    vmm = source.connect();
    try (Fd memory = Memfd.create("guest", RANGE.length()); EventFd eventFd = EventFd.create()) {
      vmm.dma().map(RANGE, memory, 0, true);
      vmm.irqs().assign(2, 3, List.of(eventFd));
    }
    vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 77);
    sourceControl = control("source");
    targetControl = control("target");
    move(sourceControl, DeviceState.STOP_COPY);
    ByteBuffer part = sourceControl
        .succeed(Command.CONNECTION_EXPORT, MessageBytes.empty().u32(ConnectionPart.SIZE, 0, 0, 1 << 20))
        .fields();
    assertThat(part.getInt(ConnectionPart.FLAGS)).isEqualTo(ConnectionPart.LAST);
    image = new byte[part.capacity() - ConnectionPart.SIZE];
    part.get(ConnectionPart.SIZE, image);
    assertThat(part.getInt(ConnectionPart.LENGTH)).isEqualTo(image.length);
    fds = sourceControl.fds().all();
    move(targetControl, DeviceState.STOP);
  }

  private RawPeer control(String name) throws Exception {
    RawPeer peer = new RawPeer(UnixSocket.connect(folder.resolve(name)));
    peer.negotiate(CAPABILITIES);
    return peer;
  }

  private static void move(RawPeer peer, DeviceState state) throws Exception {
    peer.succeed(Command.DEVICE_FEATURE,
        MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), 0));
  }

  /** Imports an image in one part; if it is accepted, the connection is dropped again. Returns the errno. */
  private int importImage(byte[] bytes, List<Fd> with) throws Exception {
    RawPeer.Message reply = targetControl.call(Command.CONNECTION_IMPORT,
        MessageBytes.empty().u32(ConnectionPart.SIZE + bytes.length, ConnectionPart.LAST, 0, bytes.length)
            .bytes(bytes),
        with.toArray(new Fd[0]));
    if (reply.errno() == 0) {
      targetControl.succeed(Command.DEVICE_RESET, MessageBytes.empty());
      move(targetControl, DeviceState.STOP);
    }
    return reply.errno();
  }

  /** The source's connection has not been touched, and a target of the right image would still accept it. */
  @AfterEach
  void assertSourceContinues() throws Exception {
    try {
      assertThat(importImage(image, fds)).isZero();
      move(targetControl, DeviceState.RUNNING);
      move(sourceControl, DeviceState.RUNNING);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(77);
      target.assertServesNext();
    } finally {
      sourceControl.close();
      targetControl.close();
      vmm.close();
      source.close();
      target.close();
    }
  }

  /** An image that ends with a record is valid, but there are few of them. */
  @Test
  void refusesTruncatedImages() throws Exception {
    Set<Integer> recordEnds = new HashSet<>();
    ByteBuffer records = MessageBytes.read(image);
    for (int at = 8; at < image.length;) {
      at += 16 + records.getInt(at + 4) + 4 * records.getInt(at + 8);
      recordEnds.add(at);
    }
    assertThat(recordEnds).hasSizeGreaterThan(2).contains(image.length);
    for (int size = 0; size < image.length; size++) {
      int errno = importImage(Arrays.copyOf(image, size), fds);
      assertThat(errno).as("%d of %d bytes", size, image.length)
          .isEqualTo(recordEnds.contains(size) ? 0 : Errno.EINVAL.number());
    }
  }

  @Test
  void refusesImagesWithoutTheirDescriptors() throws Exception {
    for (int count = 0; count < fds.size(); count++) {
      assertThat(importImage(image, fds.subList(0, count))).as("%d of %d descriptors", count, fds.size())
          .isEqualTo(Errno.EINVAL.number());
    }
  }

  /** Descriptors of other kinds than those that the records need. */
  @Test
  void refusesOtherDescriptors() throws Exception {
    List<Fd> reversed = fds.reversed();
    assertThat(importImage(image, reversed)).isNotZero();
    try (Fd memory = Memfd.create("not a socket", 4096)) {
      assertThat(importImage(image, fds.stream().map(_ -> memory).toList())).isNotZero();
    }
  }

  /** Images with some other bytes are refused or dropped again, with any errno; the server survives. */
  @Test
  void survivesDamagedImages() throws Exception {
    Random random = new Random(16);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
      byte[] damaged = image.clone();
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        damaged[random.nextInt(damaged.length)] = (byte) switch (random.nextInt(4)) {
          case 0 -> 0;
          case 1 -> 0xff;
          case 2 -> 0x80;
          default -> random.nextInt();
        };
      }
      refused += importImage(damaged, fds) != 0 ? 1 : 0;
    }
    assertThat(refused).isBetween(500, 1999);
  }

  @Test
  void refusesGarbage() throws Exception {
    Random random = new Random(17);
    for (int i = 0; i < 200; i++) {
      byte[] garbage = new byte[random.nextInt(4096)];
      random.nextBytes(garbage);
      assertThat(importImage(garbage, List.of())).isEqualTo(Errno.EINVAL.number());
      if (garbage.length >= 8) {
        System.arraycopy(image, 0, garbage, 0, 8);
        assertThat(importImage(garbage, fds)).isEqualTo(Errno.EINVAL.number());
      }
    }
  }

  @Test
  void refusesPartsOutOfOrder() throws Exception {
    int half = image.length / 2;
    MessageBytes second = MessageBytes.empty()
        .u32(ConnectionPart.SIZE + image.length - half, ConnectionPart.LAST, 1, image.length - half)
        .bytes(Arrays.copyOfRange(image, half, image.length));
    targetControl.assertRefused(Errno.EINVAL, Command.CONNECTION_IMPORT, second);
    targetControl.succeed(Command.CONNECTION_IMPORT,
        MessageBytes.empty().u32(ConnectionPart.SIZE + half, 0, 0, half).bytes(Arrays.copyOf(image, half)),
        fds.toArray(new Fd[0]));
    targetControl.assertRefused(Errno.EINVAL, Command.CONNECTION_IMPORT,
        MessageBytes.empty().u32(ConnectionPart.SIZE, ConnectionPart.LAST, 2, 0));
    targetControl.succeed(Command.CONNECTION_IMPORT, second);
    targetControl.succeed(Command.DEVICE_RESET, MessageBytes.empty());
    move(targetControl, DeviceState.STOP);
  }

  @Test
  void importedTwiceIsRefused() throws Exception {
    MessageBytes whole = MessageBytes.empty()
        .u32(ConnectionPart.SIZE + image.length, ConnectionPart.LAST, 0, image.length).bytes(image);
    targetControl.succeed(Command.CONNECTION_IMPORT, whole, fds.toArray(new Fd[0]));
    targetControl.assertRefused(Errno.EBUSY, Command.CONNECTION_IMPORT, whole, fds.toArray(new Fd[0]));
    targetControl.succeed(Command.DEVICE_RESET, MessageBytes.empty());
    move(targetControl, DeviceState.STOP);
  }
}
