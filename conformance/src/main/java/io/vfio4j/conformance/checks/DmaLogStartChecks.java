// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Starting and stopping the log of memory written by DMA. */
final class DmaLogStartChecks {

  static final long PAGE = 4096;
  static final IovaRange RANGE = new IovaRange(0x10_0000, 16 * PAGE);

  /** One more than fit in a page, 16 bytes each. */
  private static final int TOO_MANY = 257;

  private DmaLogStartChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "start and stop",
        "The log can be started and stopped, and the page size chosen is a power of two.",
        DmaLogStartChecks::startAndStop);
    add(plan, "again", "The log can be started again after it was stopped.", (bench, log) -> {
      start(bench, log);
      bench.stopLogging();
      start(bench, log);
      bench.stopLogging();
    });
    addRefusal(plan, "no ranges", "A start without any range is refused with EINVAL.", Errno.EINVAL,
        List.of());
    add(plan, "all memory",
        "A start without any range logs all memory, where the device is served over vfio-user.",
        DmaLogStartChecks::startAllMemory);
    addRefusal(plan, "overlap", "A start with ranges that overlap is refused with EINVAL.", Errno.EINVAL,
        List.of(RANGE, new IovaRange(RANGE.iova() + 15 * PAGE, 2 * PAGE)));
    addRefusal(plan, "misaligned address",
        "A start with a range that begins within a page is refused with EINVAL.",
        Errno.EINVAL, List.of(new IovaRange(RANGE.iova() + 1, PAGE)));
    addRefusal(plan, "misaligned length",
        "A start with a range that ends within a page is refused with EINVAL.",
        Errno.EINVAL, List.of(new IovaRange(RANGE.iova(), PAGE + 1)));
    addRefusal(plan, "too many ranges", "A start with more ranges than fit in a page is refused with E2BIG.",
        Errno.E2BIG, LongStream.range(0, TOO_MANY).mapToObj(i -> new IovaRange(2 * i * PAGE, PAGE)).toList());
    addRaw(plan, "empty range", "A start with a range of no bytes is refused with EINVAL.",
        (bench, start) -> Expect.refusedOrDeviation(bench, "a range of no bytes",
            () -> start.withRange(RANGE.iova(), 0), Errno.EINVAL));
    addRaw(plan, "wrap-around", "A start with a range beyond the last address is refused with EOVERFLOW.",
        (bench, start) -> Expect.refused("such a start", () -> start.withRange(-PAGE, 2 * PAGE),
            Errno.EOVERFLOW));
    add(plan, "second start", "A start while the log is on is refused with EINVAL.", (bench, log) -> {
      start(bench, log);
      Expect.refusedOrDeviation(bench, "a second start", () -> log.start(List.of(RANGE), PAGE), Errno.EINVAL);
    });
    add(plan, "stop without a start", "A stop while the log is off is refused with EINVAL.",
        (bench, log) -> Expect.refusedOrDeviation(bench, "a stop without a start", log::stop, Errno.EINVAL));
  }

  /** What is done with a log. */
  @FunctionalInterface
  interface LogCheckBody {
    void run(CheckContext bench, DmaLog log) throws VerdictException, DeviceException;
  }

  static void add(CheckPlan plan, String name, String sentence, LogCheckBody experiment) {
    plan.add(CheckGroup.DMA_LOG, name, sentence, SpecReferences.LOGGING,
        bench -> experiment.run(bench, bench.device().dmaLog()
            .orElseThrow(() -> VerdictException.notApplicable("the device logs no DMA"))));
  }

  static long start(CheckContext bench, DmaLog log) throws DeviceException {
    long pageSize = log.start(List.of(RANGE), PAGE);
    bench.loggingStarted();
    return pageSize;
  }

  private static void startAndStop(CheckContext bench, DmaLog log) throws VerdictException, DeviceException {
    long pageSize = start(bench, log);
    if (Long.bitCount(pageSize) != 1) {
      throw VerdictException.failed("a power of two as page size", Long.toUnsignedString(pageSize));
    }
    bench.stopLogging();
  }

  /** What the kernel refuses means something on the wire. */
  private static void startAllMemory(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    if (!(bench.probe() instanceof DeviceProbe.AllMemoryDmaLogProbe raw)) {
      throw VerdictException
          .notApplicable("the device has no vfio-user server, and the kernel refuses such a start");
    }
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      raw.startLog(List.of(), PAGE);
      bench.loggingStarted();
    });
    if (failure.isPresent()) {
      bench.reportDeviation("a start without ranges is refused with %s; it should log all memory"
          .formatted(failure.get().errno()));
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      log.report(RANGE, PAGE, arena.allocate(DmaLog.bitmapBytes(RANGE, PAGE), Long.BYTES));
    }
  }

  private static void addRefusal(CheckPlan plan, String name, String sentence, Errno errno,
      List<IovaRange> ranges) {
    add(plan, name, sentence, (bench, log) -> Expect.refused("such a start", () -> {
      log.start(ranges, PAGE);
      bench.loggingStarted();
    }, errno));
  }

  /** Starts a log with a range that need not be one. */
  @FunctionalInterface
  private interface RawStart {
    void withRange(long iova, long length) throws DeviceException;
  }

  /** What is done with such a start. */
  @FunctionalInterface
  private interface RawCheckBody {
    void run(CheckContext bench, RawStart start) throws VerdictException, DeviceException;
  }

  private static void addRaw(CheckPlan plan, String name, String sentence, RawCheckBody experiment) {
    add(plan, name, sentence, (bench, log) -> {
      var raw = bench.require(DeviceProbe.RawDmaLogProbe.class, "start the log with such a range");
      experiment.run(bench, (iova, length) -> {
        raw.startLog(List.of(new long[] {iova, length}), PAGE);
        bench.loggingStarted();
      });
    });
  }
}
