// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** Memory that a device writes, and the log of it. */
final class LogChecks {

  private static final int KIB = 16;
  private static final long PAGE = 4096;
  private static final IovaRange MEMORY = new IovaRange(0x4000_0000L, 64 * PAGE);
  /** The first half of the memory. */
  private static final IovaRange LOGGED = new IovaRange(MEMORY.iova(), 32 * PAGE);

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
      MemorySegment memory = MemoryMap.anonymous(MEMORY.length(), arena);
      device.mapDma(MEMORY, memory, true);
      experiment.run(device, memory, device.dmaLog().orElseThrow());
      device.unmapDma(MEMORY);
    }
  }

  /** Has the device write pages of the memory. */
  private static void dma(KernelDevice device, int page, int count, int seed) throws DeviceException {
    Registers registers = new Registers(device, 0);
    long iova = MEMORY.iova() + page * PAGE;
    registers.write(TestDevice.DMA_IOVA_LOW, (int) iova);
    registers.write(TestDevice.DMA_IOVA_HIGH, (int) (iova >>> 32));
    registers.write(TestDevice.DMA_SEED, seed);
    registers.write(TestDevice.DMA_PAGES, count);
  }

  private static int inPage(MemorySegment memory, int page) {
    return memory.get(ValueLayout.JAVA_INT, page * PAGE + PAGE - Integer.BYTES);
  }

  private static void writtenPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    dma(device, 2, 3, 77);
    Require.equal(List.of(0, 77, 78, 79, 0),
        IntStream.range(1, 6).map(page -> inPage(memory, page)).boxed().toList(),
        "the memory");
  }

  private void noMemory(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.refused(bench.by() == KernelInterface.CDEV ? Errno.ENOENT : Errno.EINVAL,
        () -> dma(device, 64, 1, 1),
        "a write beyond the memory");
  }

  private static void noneInP2p(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    for (DeviceState state : List.of(DeviceState.RUNNING_P2P, DeviceState.PRE_COPY_P2P, DeviceState.STOP)) {
      device.moveTo(state);
      Require.refused(Errno.EBUSY, () -> dma(device, 0, 1, 1), "a write in %s".formatted(state));
    }
    device.moveTo(DeviceState.PRE_COPY);
    dma(device, 0, 1, 1);
  }

  private static BitSet report(DmaLog log, IovaRange range, long pageSize) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(range, pageSize), Long.BYTES);
      log.report(range, pageSize, bitmap);
      return BitSet.valueOf(bitmap.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static BitSet pages(int... pages) {
    BitSet set = new BitSet();
    IntStream.of(pages).forEach(set::set);
    return set;
  }

  private static void pages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.equal(PAGE, log.start(List.of(LOGGED), PAGE), "the page size");
    Require.equal(pages(), report(log, MEMORY, PAGE), "at first");
    dma(device, 3, 2, 1);
    dma(device, 40, 1, 1);
    Require.equal(pages(3, 4), report(log, MEMORY, PAGE), "written; page 40 is not in what is logged");
    Require.equal(pages(), report(log, MEMORY, PAGE), "read before");
    dma(device, 5, 1, 1);
    log.stop();
    log.start(List.of(LOGGED), PAGE);
    Require.equal(pages(), report(log, MEMORY, PAGE), "stopped between");
    device.moveTo(DeviceState.PRE_COPY);
    dma(device, 31, 2, 1);
    device.moveTo(DeviceState.STOP_COPY);
    Require.equal(pages(31), report(log, LOGGED, PAGE), "written in PRE_COPY, read in STOP_COPY");
    log.stop();
  }

  private static void largerPages(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(MEMORY), PAGE);
    dma(device, 7, 2, 1);
    dma(device, 63, 1, 1);
    Require.equal(pages(0, 1, 7), report(log, MEMORY, 8 * PAGE), "bits for 32 KiB each");
    log.stop();
  }

  private static void wholeRange(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(MEMORY), PAGE);
    dma(device, 0, 64, 1);
    BitSet all = new BitSet();
    all.set(0, 64);
    Require.equal(all, report(log, MEMORY, PAGE), "all pages");
    log.stop();
  }

  /** Debian's kernel has the log's start and stop, but not what the report is made with. */
  private static void noReport(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    log.start(List.of(MEMORY), PAGE);
    Require.refused(Errno.EOPNOTSUPP, () -> report(log, MEMORY, PAGE), "a report");
    log.stop();
  }

  private static void refusals(KernelDevice device, MemorySegment memory, DmaLog log) throws IOException {
    Require.refused(Errno.EINVAL, log::stop, "a stop without a start");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(), PAGE), "no ranges");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(MEMORY, LOGGED), PAGE), "ranges that overlap");
    Require.refused(Errno.EINVAL, () -> log.start(List.of(new IovaRange(1, PAGE)), PAGE),
        "a misaligned range");
    Require.refused(Errno.E2BIG,
        () -> log.start(IntStream.range(0, 257).mapToObj(i -> new IovaRange(2L * i * PAGE, PAGE)).toList(),
            PAGE),
        "257 ranges");
    log.start(List.of(MEMORY), PAGE);
    Require.refused(Errno.EINVAL, () -> log.start(List.of(MEMORY), PAGE), "a second start");
    log.stop();
  }
}
