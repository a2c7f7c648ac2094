// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** DMA mappings, dirty logs, regions and interrupts of a kernel device. */
class KernelMemoryTest {

  private static final long PAGE = ScriptedMemory.PAGE;
  private static final IovaRange RANGE = new IovaRange(0x10_0000, 128 * PAGE);

  private static final KernelProfile NO_DEVICE_LOG = KernelProfile.LINUX_6_12.withLogs(false, true);

  /** What tracks dirty memory. */
  record LogSource(String name, KernelInterface opened, KernelProfile profile) {
  }

  static Stream<LogSource> logs() {
    return Stream.of(new LogSource("device", KernelInterface.GROUP, KernelProfile.LINUX_6_12),
        new LogSource("container", KernelInterface.GROUP, NO_DEVICE_LOG),
        new LogSource("page table", KernelInterface.CDEV, NO_DEVICE_LOG));
  }

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  private static void assertErrno(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void mapsAndUnmaps(KernelInterface by) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    MemorySegment memory = arena.allocate(RANGE.length(), PAGE);
    IovaRange other = new IovaRange(0x100_0000, PAGE);
    try (KernelDevice device = host.open(by)) {
      device.mapDma(RANGE, memory, true);
      device.mapDma(other, memory.asSlice(0, PAGE), false);
      assertThat(host.kernel().memory().mapped()).hasEntrySatisfying(RANGE,
          mapped -> assertThat(mapped.address()).isEqualTo(memory.address()));
      assertThat(host.kernel().memory().isWritable(RANGE)).isTrue();
      assertThat(host.kernel().memory().isWritable(other)).isFalse();

      assertErrno(Errno.EEXIST, () -> device.mapDma(RANGE, memory, true));
      assertErrno(Errno.EINVAL, () -> device.mapDma(new IovaRange(0, 100), memory.asSlice(0, 100), true));
      assertThatIllegalArgumentException().isThrownBy(() -> device.mapDma(other, memory, true));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> device.mapDma(other, memory.asSlice(0, PAGE).asReadOnly(), true));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> device.mapDma(other, MemorySegment.ofArray(new byte[(int) PAGE]), true));

      device.unmapDma(RANGE);
      assertErrno(Errno.ENOENT, () -> device.unmapDma(RANGE));
      assertThat(host.kernel().memory().mapped()).containsOnlyKeys(other);
    }
  }

  @ParameterizedTest
  @MethodSource("logs")
  void logsWrites(LogSource kind) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS, kind.profile);
    try (KernelDevice device = host.open(kind.opened)) {
      DmaLog log = device.dmaLog().orElseThrow();
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(RANGE, PAGE), Long.BYTES);
      assertThat(log.start(List.of(RANGE), PAGE)).isEqualTo(PAGE);
      host.kernel().write(RANGE.iova());
      host.kernel().write(RANGE.iova() + 65 * PAGE);

      log.report(RANGE, PAGE, bitmap);
      assertThat(bitmap.toArray(JAVA_LONG)).containsExactly(1, 2);
      bitmap.fill((byte) 0);
      bitmap.set(JAVA_LONG, 8, 4);
      log.report(RANGE, PAGE, bitmap);
      assertThat(bitmap.toArray(JAVA_LONG)).as("cleared by the first report; the caller's bits are kept")
          .containsExactly(0, 4);

      log.stop();
      host.kernel().write(RANGE.iova());
      assertErrno(Errno.EINVAL, () -> log.report(RANGE, PAGE, bitmap));
      assertErrno(Errno.EINVAL, () -> log.report(RANGE, 3, bitmap));
      assertErrno(Errno.EINVAL, () -> log.report(RANGE, 2048, bitmap));
      assertErrno(Errno.EINVAL, () -> log.report(RANGE, PAGE, bitmap.asSlice(8)));
      assertThatIllegalArgumentException().isThrownBy(() -> log.report(RANGE, PAGE, bitmap.asReadOnly()));
    }
  }

  /** A container reports in its own page size. */
  @Test
  void reportsInLargerPages() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS, NO_DEVICE_LOG);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      DmaLog log = device.dmaLog().orElseThrow();
      log.start(List.of(RANGE), PAGE);
      host.kernel().write(RANGE.iova() + 5 * PAGE);
      host.kernel().write(RANGE.iova() + 127 * PAGE);
      MemorySegment bitmap = arena.allocate(8, 8);

      log.report(RANGE, 4 * PAGE, bitmap);
      assertThat(bitmap.get(JAVA_LONG, 0)).isEqualTo(1L << 1 | 1L << 31);
    }
  }

  /** A container refuses to report part of a mapping, and limits the size of a bitmap. */
  @ParameterizedTest
  @MethodSource("logs")
  void reportsLargeMappingAsWhole(LogSource kind) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS, kind.profile);
    IovaRange large = new IovaRange(1L << 32, 20L << 30);
    try (KernelDevice device = host.open(kind.opened)) {
      device.mapDma(large, MemoryMap.anonymous(large.length(), arena), true);
      DmaLog log = device.dmaLog().orElseThrow();
      log.start(List.of(large), PAGE);
      host.kernel().write(large.last());
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(large, PAGE), Long.BYTES);

      log.report(large, PAGE, bitmap);

      assertThat(bitmap.get(JAVA_LONG, bitmap.byteSize() - Long.BYTES)).isEqualTo(1L << 63);
      boolean isContainer = kind.name.equals("container");
      assertThat(log.maxBitmapSize()).isEqualTo(isContainer ? 1 << 28 : Long.MAX_VALUE);
      if (isContainer) {
        assertErrno(Errno.EINVAL, () -> log.report(new IovaRange(1L << 32, 16L << 30), PAGE, bitmap));
      }
    }
  }

  @Test
  void hasNoLogWithoutSource() throws Exception {
    for (KernelInterface by : KernelInterface.values()) {
      ScriptedHost host =
          ScriptedHost.with(ScriptedHost.SETTINGS, KernelProfile.LINUX_6_12.withLogs(false, false));
      try (KernelDevice device = host.open(by)) {
        assertThat(device.dmaLog()).isEmpty();
      }
    }
  }

  @Test
  void reportsKernelErrorsOfDeviceLog() throws Exception {
    try (KernelDevice device = ScriptedHost.with(ScriptedHost.SETTINGS).open(KernelInterface.GROUP)) {
      DmaLog log = device.dmaLog().orElseThrow();
      assertErrno(Errno.EINVAL, () -> log.start(List.of(), PAGE));
      assertErrno(Errno.EINVAL, log::stop);
      assertErrno(Errno.E2BIG, () -> log.start(Collections.nCopies(257, RANGE), PAGE));
      log.start(List.of(RANGE), PAGE);
      assertErrno(Errno.EINVAL, () -> log.start(List.of(RANGE), PAGE));
    }
  }

  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void readsWritesAndMapsRegions(KernelInterface by) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(by)) {
      RegionInfo bar = device.regions().info(0);
      assertThat(bar).isEqualTo(new RegionInfo(0, 2 * PAGE, true, true, true,
          List.of(new SparseMmap(List.of(new SparseMmap.Area(PAGE, PAGE))))));
      assertThat(device.regions().info(3).size()).isZero();
      assertErrno(Errno.EINVAL, () -> device.regions().info(9));

      // More than the driver accepts per call.
      MemorySegment data =
          arena.allocateFrom(JAVA_BYTE, "twenty bytes of data".getBytes(StandardCharsets.US_ASCII));
      device.regions().write(0, PAGE + 3, data);
      MemorySegment back = arena.allocate(data.byteSize());
      device.regions().read(0, PAGE + 3, back);
      assertThat(back.mismatch(data)).isEqualTo(-1);
      MemorySegment mapped = device.regions().map(0, PAGE, PAGE, arena);
      assertThat(mapped.asSlice(3, data.byteSize()).mismatch(data)).isEqualTo(-1);

      assertErrno(Errno.EINVAL, () -> device.regions().map(0, 0, PAGE, arena));
      assertErrno(Errno.EINVAL, () -> device.regions().map(7, 0, 256, arena));
      assertErrno(Errno.EINVAL, () -> device.regions().read(0, 2 * PAGE - 1, back));
      assertErrno(Errno.EINVAL, () -> device.regions().write(0, -1, back));
      assertErrno(Errno.EINVAL, () -> device.regions().read(3, 0, back));
    }
  }

  @Test
  void deliversInterruptsByEventFd() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP);
        EventFd first = EventFd.create();
        EventFd second = EventFd.create()) {
      assertThat(device.irqs().info(2).count()).isEqualTo(4);
      assertErrno(Errno.EINVAL, () -> device.irqs().info(5));
      device.irqs().connect(IrqAction.TRIGGER, 2, 1, List.of(first, second));
      host.kernel().raise(2, 1);
      device.irqs().apply(IrqAction.TRIGGER, 2, 2, 1);
      assertThat(first.drain()).isOne();
      assertThat(second.drain()).isOne();

      device.irqs().disconnect(IrqAction.TRIGGER, 2, 1, 1);
      host.kernel().raise(2, 1);
      host.kernel().raise(2, 2);
      assertThat(first.await(Duration.ZERO)).isFalse();
      assertThat(second.drain()).isOne();

      device.irqs().disable(2);
      host.kernel().raise(2, 2);
      assertThat(second.await(Duration.ZERO)).isFalse();
      assertErrno(Errno.EINVAL, () -> device.irqs().apply(IrqAction.TRIGGER, 2, 3, 2));
    }
  }
}
