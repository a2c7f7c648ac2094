// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.linux.EventFd;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorRepliesTest {

  private static final Errno E2BIG = new Errno(7);
  private static final Errno ENOENT = new Errno(2);

  @TempDir
  private Path folder;

  static Stream<Arguments> refusals() {
    return Stream.of(infos(), dma(), irqs(), regions(), features(), data()).flatMap(all -> all);
  }

  private static Arguments refused(String what, Errno errno, Command command, MessageBytes body) {
    return arguments(what, errno, command, body);
  }

  private static Stream<Arguments> infos() {
    return Stream.of(
        refused("info with a short argsz", Errno.EINVAL, Command.DEVICE_GET_INFO,
            MessageBytes.empty().u32(15, 0, 0, 0)),
        refused("a region beyond the last", Errno.EINVAL, Command.DEVICE_GET_REGION_INFO,
            MessageBytes.empty().u32(32, 0, 9, 0).u64(0, 0)),
        refused("region number -1", Errno.EINVAL, Command.DEVICE_GET_REGION_INFO,
            MessageBytes.empty().u32(32, 0, -1, 0).u64(0, 0)),
        refused("region info with a short argsz", Errno.EINVAL, Command.DEVICE_GET_REGION_INFO,
            MessageBytes.empty().u32(31, 0, 0, 0).u64(0, 0)),
        refused("doorbells with a short argsz", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(15, 0, 0, 0)),
        refused("doorbells with flags", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(4096, 1, 0, 0)),
        refused("doorbells with a count", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(4096, 0, 0, 1)),
        refused("doorbells of region 9", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(4096, 0, 9, 0)),
        refused("doorbells of region -1", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(4096, 0, -1, 0)),
        refused("doorbells of an absent region", Errno.EINVAL, Command.DEVICE_GET_REGION_IO_FDS,
            MessageBytes.empty().u32(4096, 0, TestDevice.ABSENT, 0)),
        refused("an interrupt index beyond the last", Errno.EINVAL, Command.DEVICE_GET_IRQ_INFO,
            MessageBytes.empty().u32(16, 0, 5, 0)),
        refused("interrupt index -1", Errno.EINVAL, Command.DEVICE_GET_IRQ_INFO,
            MessageBytes.empty().u32(16, 0, -1, 0)));
  }

  private static Stream<Arguments> dma() {
    return Stream.of(
        refused("map of nothing", Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x1000, 0)),
        refused("map that wraps around", Errno.EINVAL, Command.DMA_MAP,
            MessageBytes.dmaMap(3, 0, -0x1000, 0x2000)),
        refused("map with unknown flags", Errno.EINVAL, Command.DMA_MAP,
            MessageBytes.dmaMap(0x10, 0, 0x1000, 0x1000)),
        refused("map of half a page", Errno.EINVAL, Command.DMA_MAP,
            MessageBytes.dmaMap(3, 0, 0x1000, 0x800)),
        refused("map at half a page", Errno.EINVAL, Command.DMA_MAP,
            MessageBytes.dmaMap(3, 0, 0x1800, 0x1000)),
        refused("map with a short argsz", Errno.EINVAL, Command.DMA_MAP,
            MessageBytes.empty().u32(31, 3).u64(0, 0x1000, 0x1000)),
        refused("unmap of what is not mapped", ENOENT, Command.DMA_UNMAP,
            MessageBytes.dmaUnmap(0, 0x1000, 0x1000)),
        refused("unmap of far too much", ENOENT, Command.DMA_UNMAP,
            MessageBytes.dmaUnmap(0, 0, 0xffffffff01100000L)),
        refused("unmap with a bitmap, and no room for it", Errno.EINVAL, Command.DMA_UNMAP,
            MessageBytes.dmaUnmap(1, 0x1000, 0x1000).u64(4096, 8)),
        refused("unmap of all, and of a range", Errno.EINVAL, Command.DMA_UNMAP,
            MessageBytes.dmaUnmap(2, 0x1000, 0x1000)),
        refused("unmap with unknown flags", Errno.EINVAL, Command.DMA_UNMAP, MessageBytes.dmaUnmap(4, 0, 0)));
  }

  private static Stream<Arguments> irqs() {
    return Stream.of(
        refused("interrupts without data", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x20, 2, 0, 1)),
        refused("interrupts without an action", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(1, 2, 0, 1)),
        refused("interrupts with two actions", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x31, 2, 0, 1)),
        refused("interrupts with two kinds of data", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x23, 2, 0, 1)),
        refused("interrupts with an unknown flag", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x61, 2, 0, 1)),
        refused("interrupts of index 5", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 5, 0, 1)),
        refused("interrupts of index -1", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, -1, 0, 1)),
        refused("one vector too many", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x24, 2, 0, TestDevice.MSIX_COUNT + 1)),
        refused("a vector beyond the last", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 2, TestDevice.MSIX_COUNT, 1)),
        refused("vectors whose sum overflows", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 2, Integer.MAX_VALUE, Integer.MAX_VALUE)),
        refused("four billion vectors", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 2, 0, -1)),
        refused("no vectors, by eventfd", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x24, 2, 0, 0)),
        refused("no vectors, from the second on", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 2, 1, 0)),
        refused("no vectors, to be masked", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x9, 0, 0, 0)),
        refused("a negative vector", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x21, 2, -1, 1)),
        refused("an unmask of MSI-X by eventfd", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.irqSet(0x14, 2, 0, 1)),
        refused("an unmask of some requests", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.empty().u32(21, 0x12, 4, 0, 1).bytes((byte) 1)),
        refused("booleans that are missing", Errno.EINVAL, Command.DEVICE_SET_IRQS,
            MessageBytes.empty().u32(23, 0x22, 2, 0, 3).bytes((byte) 1, (byte) 0)),
        refused("a mask of MSI-X", Errno.EINVAL, Command.DEVICE_SET_IRQS, MessageBytes.irqSet(9, 2, 0, 1)));
  }

  private static Stream<Arguments> regions() {
    return Stream.of(
        refused("read beyond the end", Errno.EINVAL, Command.REGION_READ,
            MessageBytes.regionAccess(0, 4093, 4)),
        refused("read at a negative offset", Errno.EINVAL, Command.REGION_READ,
            MessageBytes.regionAccess(0, -4, 4)),
        refused("read of four billion bytes", Errno.EINVAL, Command.REGION_READ,
            MessageBytes.regionAccess(0, 0, -1)),
        refused("read of more than is transferred", Errno.EINVAL, Command.REGION_READ,
            MessageBytes.regionAccess(2, 0, (1 << 20) + 1)),
        refused("read of an absent region", Errno.EINVAL, Command.REGION_READ,
            MessageBytes.regionAccess(TestDevice.ABSENT, 0, 1)),
        refused("read of region 9", Errno.EINVAL, Command.REGION_READ, MessageBytes.regionAccess(9, 0, 4)),
        refused("read of region -1", Errno.EINVAL, Command.REGION_READ, MessageBytes.regionAccess(-1, 0, 4)),
        refused("write without its data", Errno.EINVAL, Command.REGION_WRITE,
            MessageBytes.regionAccess(0, 0, 4).bytes((byte) 1, (byte) 2, (byte) 3)),
        refused("write to what is read-only", Errno.EINVAL, Command.REGION_WRITE,
            MessageBytes.regionAccess(6, 0, 4).u32(1)),
        refused("write that the device refuses", Errno.EACCES, Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.REFUSED, 4).u32(1)),
        refused("write to region 9", Errno.EINVAL, Command.REGION_WRITE,
            MessageBytes.regionAccess(9, 0, 4).u32(1)));
  }

  private static Stream<Arguments> features() {
    int start = Feature.DMA_LOGGING_START | Feature.SET;
    int report = Feature.DMA_LOGGING_REPORT | Feature.GET;
    return Stream.of(
        feature("unknown feature", Errno.ENOTTY, MessageBytes.feature(99 | Feature.GET, 8)),
        feature("pre-copy info in RUNNING", Errno.EINVAL,
            MessageBytes.feature(Feature.PRE_COPY_INFO | Feature.GET, 24)),
        feature("probe of an unknown feature", Errno.ENOTTY, MessageBytes.feature(99 | Feature.PROBE, 0)),
        feature("probe for a set of what can only be got", Errno.EINVAL,
            MessageBytes.feature(Feature.MIGRATION | Feature.PROBE | Feature.SET, 0)),
        feature("neither get nor set", Errno.EINVAL, MessageBytes.feature(Feature.MIGRATION, 8)),
        feature("get and set at once", Errno.EINVAL,
            MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.GET | Feature.SET, 8).u64(1)),
        feature("unknown flag", Errno.EINVAL,
            MessageBytes.feature(Feature.MIGRATION | Feature.GET | 1 << 19, 8)),
        feature("no room for the answer", Errno.EINVAL,
            MessageBytes.feature(Feature.MIGRATION | Feature.GET, 7)),
        feature("set of the features", Errno.EINVAL,
            MessageBytes.feature(Feature.MIGRATION | Feature.SET, 8).u64(0)),
        feature("a state that is missing", Errno.EINVAL,
            MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(1)),
        feature("move to ERROR", Errno.EINVAL,
            MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(0, -1)),
        feature("logging of everything in odd pages", Errno.EINVAL,
            MessageBytes.feature(start, 16).u64(4097).u32(0, 0)),
        feature("logging of ranges that are missing", Errno.EINVAL,
            MessageBytes.feature(start, 16).u64(4096).u32(1, 0)),
        feature("logging of too many ranges", E2BIG, MessageBytes.feature(start, 16).u64(4096).u32(257, 0)),
        feature("logging of four billion ranges", E2BIG,
            MessageBytes.feature(start, 16).u64(4096).u32(-1, 0)),
        feature("logging in odd pages", Errno.EINVAL, logging(start, 4097, 0, 0x10000)),
        feature("logging of what is not aligned", Errno.EINVAL, logging(start, 4096, 0x800, 0x10000)),
        feature("logging around the end", Errno.EOVERFLOW, logging(start, 4096, -0x1000, 0x2000)),
        feature("logging of ranges that overlap", Errno.EINVAL,
            MessageBytes.feature(start, 48).u64(4096).u32(2, 0).u64(0, 0x2000, 0x1000, 0x2000)),
        feature("stop without a start", Errno.EINVAL,
            MessageBytes.feature(Feature.DMA_LOGGING_STOP | Feature.SET, 0)),
        feature("report without a start", Errno.EINVAL,
            MessageBytes.feature(report, 32).u64(0, 0x10000, 4096)),
        feature("report without room", Errno.EINVAL, MessageBytes.feature(report, 24).u64(0, 0x10000, 4096)),
        feature("report of nothing", Errno.EINVAL, MessageBytes.feature(report, 32).u64(0, 0, 4096)),
        feature("report in pages of 0", Errno.EINVAL, MessageBytes.feature(report, 32).u64(0, 0x10000, 0)),
        feature("report around the end", Errno.EOVERFLOW,
            MessageBytes.feature(report, 32).u64(-0x1000, 0x2000, 4096)),
        feature("report of all there is", E2BIG, MessageBytes.feature(report, -100).u64(0, -1, 4096)));
  }

  private static Arguments feature(String what, Errno errno, MessageBytes body) {
    return refused(what, errno, Command.DEVICE_FEATURE, body);
  }

  private static MessageBytes logging(int flags, long pageSize, long iova, long length) {
    return MessageBytes.feature(flags, 32).u64(pageSize).u32(1, 0).u64(iova, length);
  }

  private static Stream<Arguments> data() {
    return Stream.of(
        refused("data read in RUNNING", Errno.EINVAL, Command.MIG_DATA_READ,
            MessageBytes.empty().u32(4096, 4088)),
        refused("data read of nothing", Errno.EINVAL, Command.MIG_DATA_READ, MessageBytes.empty().u32(8, 0)),
        refused("data read of too much", Errno.EINVAL, Command.MIG_DATA_READ,
            MessageBytes.empty().u32(-1, (1 << 20) + 1)),
        refused("data read of four billion bytes", Errno.EINVAL, Command.MIG_DATA_READ,
            MessageBytes.empty().u32(-1, -1)),
        refused("data written in RUNNING", Errno.EINVAL, Command.MIG_DATA_WRITE,
            MessageBytes.empty().u32(12, 4).u32(0)),
        refused("data with a wrong length", Errno.EINVAL, Command.MIG_DATA_WRITE,
            MessageBytes.empty().u32(12, 5).u32(0)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("refusals")
  void answersInvalidRequestAndContinues(String what, Errno errno, Command command, MessageBytes body)
      throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.assertRefused(errno, command, body);
      peer.assertNoReply();
      assertThat(served.log()).as(what).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {11, 12, 14, 15, 0, 20, 0x7fff, 0x8000, 0xffff})
  void answersUnknownCommandAndContinues(int command) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.send(RawPeer.header(5, command, 20, RawPeer.COMMAND, 0).u32(1).toBytes());
      RawPeer.Message reply = peer.receive();
      assertThat(reply.command()).isEqualTo(command);
      assertThat(reply.flags()).isEqualTo(RawPeer.ERROR);
      assertThat(new Errno(reply.errno())).isEqualTo(Errno.ENOSYS);
      peer.assertNoReply();
    }
  }

  @Test
  void refusesSecondVersion() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectNegotiated()) {
      peer.assertRefused(Errno.ENOSYS, Command.VERSION, MessageBytes.version(1, RawPeer.CAPABILITIES));
      peer.assertNoReply();
    }
  }

  /** A client that does not name its limit accepts 1 descriptor, according to the specification. */
  @ParameterizedTest
  @ValueSource(strings = {"{\"capabilities\":{\"max_msg_fds\":1}}",
      "{\"capabilities\":{\"max_data_xfer_size\":65536}}", "{\"capabilities\":{}}"})
  void enforcesClientsDescriptorLimit(String capabilities) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw();
        EventFd event = EventFd.create()) {
      peer.negotiate(capabilities);
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 2),
          event.fd(), event.fd());
      peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 1), event.fd());
    }
  }
}
