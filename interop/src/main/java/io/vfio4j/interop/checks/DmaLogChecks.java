// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** DMA writes of a device, and its DMA log. */
final class DmaLogChecks {

  private static final int KIB = 16;
  /** The first half of the memory. */
  private static final IovaRange LOGGED = new IovaRange(TestMemory.RANGE.iova(), 32 * TestMemory.PAGE);

  private final CheckContext context;

  private DmaLogChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    DmaLogChecks logs = new DmaLogChecks(context);
    checks.add("dma/written pages", () -> logs.withMemory(DmaLogChecks::writtenPages));
    checks.add("dma/no memory, no write", () -> logs.withMemory(logs::reportsNothingWithoutMemory));
    checks.add("dma/none in the P2P states", () -> logs.withMemory(DmaLogChecks::writesNothingInP2p));
    if (context.by() == KernelInterface.CDEV) {
      checks.add("log/pages, read and cleared", () -> logs.withMemory(DmaLogChecks::pages));
      checks.add("log/larger pages", () -> logs.withMemory(DmaLogChecks::largerPages));
      checks.add("log/many pages", () -> logs.withMemory(DmaLogChecks::wholeRange));
    } else {
      checks.add("log/no report without iommufd",
          () -> logs.withMemory(DmaLogChecks::reportUnsupportedByKernel));
    }
    checks.add("log/refusals", () -> logs.withMemory(DmaLogChecks::refusals));
  }

  /** A check of a test device with mapped memory. */
  @FunctionalInterface
  private interface CheckBody {
    void run(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException;
  }

  private void withMemory(CheckBody experiment) throws IOException, LinuxException {
    try (Arena arena = Arena.ofConfined();
        TestDevice test = MediatedDevice.testDevice(KIB);
        KernelDevice device = context.open(test.mdev())) {
      MemorySegment memory = TestMemory.map(device, arena);
      experiment.run(device, memory, device.dmaLog().orElseThrow());
      device.unmapDma(TestMemory.RANGE);
    }
  }

  private static void writtenPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    TestMemory.write(device, 2, 3, 77);
    Requirements.requireEqual(List.of(0, 77, 78, 79, 0),
        IntStream.range(1, 6).map(page -> TestMemory.inPage(memory, page)).boxed().toList(),
        "the memory");
  }

  private void reportsNothingWithoutMemory(KernelDevice device, MemorySegment memory, DmaLog log)
      throws IOException {
    Requirements.requireErrno(context.by() == KernelInterface.CDEV ? Errno.ENOENT : Errno.EINVAL,
        () -> TestMemory.write(device, 64, 1, 1),
        "a write beyond the memory");
  }

  private static void writesNothingInP2p(KernelDevice device, MemorySegment memory, DmaLog log)
      throws IOException {
    for (DeviceState state : List.of(DeviceState.RUNNING_P2P, DeviceState.PRE_COPY_P2P, DeviceState.STOP)) {
      device.moveTo(state);
      Requirements.requireErrno(Errno.EBUSY, () -> TestMemory.write(device, 0, 1, 1),
          "a write in %s".formatted(state));
    }
    device.moveTo(DeviceState.PRE_COPY);
    TestMemory.write(device, 0, 1, 1);
  }

  private static void pages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Requirements.requireEqual(TestMemory.PAGE, log.start(List.of(LOGGED), TestMemory.PAGE), "the page size");
    Requirements.requireEqual(TestMemory.pages(), TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
        "at first");
    TestMemory.write(device, 3, 2, 1);
    TestMemory.write(device, 40, 1, 1);
    Requirements.requireEqual(TestMemory.pages(3, 4),
        TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
        "written; page 40 is outside the logged range");
    Requirements.requireEqual(TestMemory.pages(), TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
        "cleared by the previous report");
    TestMemory.write(device, 5, 1, 1);
    log.stop();
    log.start(List.of(LOGGED), TestMemory.PAGE);
    Requirements.requireEqual(TestMemory.pages(), TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
        "after a stop and a start");
    device.moveTo(DeviceState.PRE_COPY);
    TestMemory.write(device, 31, 2, 1);
    device.moveTo(DeviceState.STOP_COPY);
    Requirements.requireEqual(TestMemory.pages(31), TestMemory.report(log, LOGGED, TestMemory.PAGE),
        "written in PRE_COPY, read in STOP_COPY");
    log.stop();
  }

  private static void largerPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(TestMemory.RANGE), TestMemory.PAGE);
    TestMemory.write(device, 7, 2, 1);
    TestMemory.write(device, 63, 1, 1);
    Requirements.requireEqual(TestMemory.pages(0, 1, 7),
        TestMemory.report(log, TestMemory.RANGE, 8 * TestMemory.PAGE),
        "bits for 32 KiB each");
    log.stop();
  }

  private static void wholeRange(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(TestMemory.RANGE), TestMemory.PAGE);
    TestMemory.write(device, 0, 64, 1);
    BitSet all = new BitSet();
    all.set(0, 64);
    Requirements.requireEqual(all, TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE), "all pages");
    log.stop();
  }

  /** Debian's kernel supports starting and stopping the log, but not reports. */
  private static void reportUnsupportedByKernel(KernelDevice device, MemorySegment memory, DmaLog log)
      throws IOException {
    log.start(List.of(TestMemory.RANGE), TestMemory.PAGE);
    Requirements.requireErrno(Errno.EOPNOTSUPP,
        () -> TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
        "a report");
    log.stop();
  }

  private static void refusals(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Requirements.requireErrno(Errno.EINVAL, log::stop, "a stop without a start");
    Requirements.requireErrno(Errno.EINVAL, () -> log.start(List.of(), TestMemory.PAGE), "no ranges");
    Requirements.requireErrno(Errno.EINVAL,
        () -> log.start(List.of(TestMemory.RANGE, LOGGED), TestMemory.PAGE),
        "ranges that overlap");
    Requirements.requireErrno(Errno.EINVAL,
        () -> log.start(List.of(new IovaRange(1, TestMemory.PAGE)), TestMemory.PAGE),
        "a misaligned range");
    Requirements.requireErrno(Errno.E2BIG,
        () -> log.start(
            IntStream.range(0, 257).mapToObj(i -> new IovaRange(2L * i * TestMemory.PAGE, TestMemory.PAGE))
                .toList(),
            TestMemory.PAGE),
        "257 ranges");
    log.start(List.of(TestMemory.RANGE), TestMemory.PAGE);
    Requirements.requireErrno(Errno.EINVAL, () -> log.start(List.of(TestMemory.RANGE), TestMemory.PAGE),
        "a second start");
    log.stop();
  }
}
