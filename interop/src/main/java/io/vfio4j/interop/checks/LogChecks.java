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

/** Memory that a device writes, and the log of it. */
final class LogChecks {

  private static final int KIB = 16;
  /** The first half of the memory. */
  private static final IovaRange LOGGED = new IovaRange(DmaMemory.RANGE.iova(), 32 * DmaMemory.PAGE);

  private final Bench bench;

  private LogChecks(Bench bench) {
    this.bench = bench;
  }

  static void add(Checks checks, Bench bench) {
    LogChecks logs = new LogChecks(bench);
    checks.add("dma/written pages", () -> logs.withMemory(LogChecks::writtenPages));
    checks.add("dma/no memory, no write", () -> logs.withMemory(logs::noMemory));
    checks.add("dma/none in the P2P states", () -> logs.withMemory(LogChecks::noneInP2p));
    if (bench.by() == KernelInterface.CDEV) {
      checks.add("log/pages, read and cleared", () -> logs.withMemory(LogChecks::pages));
      checks.add("log/larger pages", () -> logs.withMemory(LogChecks::largerPages));
      checks.add("log/many pages", () -> logs.withMemory(LogChecks::wholeRange));
    } else {
      checks.add("log/no report without iommufd", () -> logs.withMemory(LogChecks::noReport));
    }
    checks.add("log/refusals", () -> logs.withMemory(LogChecks::refusals));
  }

  /** What is done with a test device that has memory. */
  @FunctionalInterface
  private interface Experiment {
    void run(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException;
  }

  private void withMemory(Experiment experiment) throws IOException, LinuxException {
    try (Arena arena = Arena.ofConfined();
        TestDevice test = Mdev.testDevice(KIB);
        KernelDevice device = bench.open(test.mdev())) {
      MemorySegment memory = DmaMemory.lend(device, arena);
      experiment.run(device, memory, device.dmaLog().orElseThrow());
      device.unmapDma(DmaMemory.RANGE);
    }
  }

  private static void writtenPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    DmaMemory.write(device, 2, 3, 77);
    Require.equal(List.of(0, 77, 78, 79, 0),
        IntStream.range(1, 6).map(page -> DmaMemory.inPage(memory, page)).boxed().toList(),
        "the memory");
  }

  private void noMemory(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.refused(bench.by() == KernelInterface.CDEV ? Errno.ENOENT : Errno.EINVAL,
        () -> DmaMemory.write(device, 64, 1, 1),
        "a write beyond the memory");
  }

  private static void noneInP2p(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    for (DeviceState state : List.of(DeviceState.RUNNING_P2P, DeviceState.PRE_COPY_P2P, DeviceState.STOP)) {
      device.moveTo(state);
      Require.refused(Errno.EBUSY, () -> DmaMemory.write(device, 0, 1, 1), "a write in %s".formatted(state));
    }
    device.moveTo(DeviceState.PRE_COPY);
    DmaMemory.write(device, 0, 1, 1);
  }

  private static void pages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.equal(DmaMemory.PAGE, log.start(List.of(LOGGED), DmaMemory.PAGE), "the page size");
    Require.equal(DmaMemory.pages(), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE), "at first");
    DmaMemory.write(device, 3, 2, 1);
    DmaMemory.write(device, 40, 1, 1);
    Require.equal(DmaMemory.pages(3, 4), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE),
        "written; page 40 is not in what is logged");
    Require.equal(DmaMemory.pages(), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE), "read before");
    DmaMemory.write(device, 5, 1, 1);
    log.stop();
    log.start(List.of(LOGGED), DmaMemory.PAGE);
    Require.equal(DmaMemory.pages(), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE),
        "stopped between");
    device.moveTo(DeviceState.PRE_COPY);
    DmaMemory.write(device, 31, 2, 1);
    device.moveTo(DeviceState.STOP_COPY);
    Require.equal(DmaMemory.pages(31), DmaMemory.report(log, LOGGED, DmaMemory.PAGE),
        "written in PRE_COPY, read in STOP_COPY");
    log.stop();
  }

  private static void largerPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE);
    DmaMemory.write(device, 7, 2, 1);
    DmaMemory.write(device, 63, 1, 1);
    Require.equal(DmaMemory.pages(0, 1, 7), DmaMemory.report(log, DmaMemory.RANGE, 8 * DmaMemory.PAGE),
        "bits for 32 KiB each");
    log.stop();
  }

  private static void wholeRange(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE);
    DmaMemory.write(device, 0, 64, 1);
    BitSet all = new BitSet();
    all.set(0, 64);
    Require.equal(all, DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE), "all pages");
    log.stop();
  }

  /** Debian's kernel has the log's start and stop, but not what the report is made with. */
  private static void noReport(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE);
    Require.refused(Errno.EOPNOTSUPP, () -> DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE),
        "a report");
    log.stop();
  }

  private static void refusals(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.refused(Errno.EINVAL, log::stop, "a stop without a start");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(), DmaMemory.PAGE), "no ranges");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(DmaMemory.RANGE, LOGGED), DmaMemory.PAGE),
        "ranges that overlap");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(new IovaRange(1, DmaMemory.PAGE)), DmaMemory.PAGE),
        "a misaligned range");
    Require.refused(Errno.E2BIG,
        () -> log.start(
            IntStream.range(0, 257).mapToObj(i -> new IovaRange(2L * i * DmaMemory.PAGE, DmaMemory.PAGE))
                .toList(),
            DmaMemory.PAGE),
        "257 ranges");
    log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE);
    Require.refused(Errno.EINVAL, () -> log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE),
        "a second start");
    log.stop();
  }
}
