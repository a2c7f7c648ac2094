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

  /** One range more than fit in a page, at 16 bytes each. */
  private static final int TOO_MANY = 257;

  private DmaLogStartChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "start and stop",
        "The log can be started and stopped, and the page size chosen is a power of two.",
        DmaLogStartChecks::startAndStop);
    add(plan, "again", "The log can be started again after a stop.", (context, log) -> {
      start(context, log);
      context.stopLogging();
      start(context, log);
      context.stopLogging();
    });
    addRefusal(plan, "no ranges", "A start without any range is refused with EINVAL.", Errno.EINVAL,
        List.of());
    add(plan, "all memory",
        "Over vfio-user, a start without any range logs all memory.",
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
    addRaw(plan, "empty range", "A start with a range of 0 bytes is refused with EINVAL.",
        (context, start) -> Expect.refusedOrDeviation(context, "a range of 0 bytes",
            () -> start.withRange(RANGE.iova(), 0), Errno.EINVAL));
    addRaw(plan, "wrap-around", "A start with a range that wraps around is refused with EOVERFLOW.",
        (context, start) -> Expect.refused("such a start", () -> start.withRange(-PAGE, 2 * PAGE),
            Errno.EOVERFLOW));
    add(plan, "second start", "A start while the log is on is refused with EINVAL.", (context, log) -> {
      start(context, log);
      Expect.refusedOrDeviation(context, "a second start", () -> log.start(List.of(RANGE), PAGE),
          Errno.EINVAL);
    });
    add(plan, "stop without a start", "A stop while the log is off is refused with EINVAL.",
        (context, log) -> Expect.refusedOrDeviation(context, "a stop without a start", log::stop,
            Errno.EINVAL));
  }

  /** The body of a check that uses the log. */
  @FunctionalInterface
  interface LogCheckBody {
    void run(CheckContext context, DmaLog log) throws VerdictException, DeviceException;
  }

  static void add(CheckPlan plan, String name, String requirement, LogCheckBody body) {
    plan.add(CheckGroup.DMA_LOG, name, requirement, SpecReferences.LOGGING,
        context -> body.run(context, context.device().dmaLog()
            .orElseThrow(() -> VerdictException.notApplicable("the device has no DMA log"))));
  }

  static long start(CheckContext context, DmaLog log) throws DeviceException {
    long pageSize = log.start(List.of(RANGE), PAGE);
    context.loggingStarted();
    return pageSize;
  }

  private static void startAndStop(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    long pageSize = start(context, log);
    if (Long.bitCount(pageSize) != 1) {
      throw VerdictException.failed("a power of two as page size", Long.toUnsignedString(pageSize));
    }
    context.stopLogging();
  }

  /** Starts the log without ranges, which vfio-user defines and the kernel refuses. */
  private static void startAllMemory(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    if (!(context.probe() instanceof DeviceProbe.AllMemoryDmaLogProbe raw)) {
      throw VerdictException
          .notApplicable("the device is not served over vfio-user, and the kernel refuses such a start");
    }
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      raw.startLog(List.of(), PAGE);
      context.loggingStarted();
    });
    if (failure.isPresent()) {
      context.reportDeviation("a start without ranges is refused with %s; it should log all memory"
          .formatted(failure.get().errno()));
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      log.report(RANGE, PAGE, arena.allocate(DmaLog.bitmapBytes(RANGE, PAGE), Long.BYTES));
    }
  }

  private static void addRefusal(CheckPlan plan, String name, String requirement, Errno errno,
      List<IovaRange> ranges) {
    add(plan, name, requirement, (context, log) -> Expect.refused("such a start", () -> {
      log.start(ranges, PAGE);
      context.loggingStarted();
    }, errno));
  }

  /** Starts the log with a range that may be invalid. */
  @FunctionalInterface
  private interface RawStart {
    void withRange(long iova, long length) throws DeviceException;
  }

  /** The body of a check that uses such a start. */
  @FunctionalInterface
  private interface RawCheckBody {
    void run(CheckContext context, RawStart start) throws VerdictException, DeviceException;
  }

  private static void addRaw(CheckPlan plan, String name, String requirement, RawCheckBody body) {
    add(plan, name, requirement, (context, log) -> {
      var raw = context.require(DeviceProbe.RawDmaLogProbe.class, "start the log with such a range");
      body.run(context, (iova, length) -> {
        raw.startLog(List.of(new long[] {iova, length}), PAGE);
        context.loggingStarted();
      });
    });
  }
}
