// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Reading the log of memory written by DMA. */
final class DmaLogReportChecks {

  private static final long PAGE = DmaLogStartChecks.PAGE;
  private static final IovaRange RANGE = DmaLogStartChecks.RANGE;

  private DmaLogReportChecks() {
  }

  static void addTo(CheckPlan plan) {
    DmaLogStartChecks.add(plan, "report without a start",
        "A report while the log is off is refused with EINVAL.", DmaLogReportChecks::reportWithoutStart);
    DmaLogStartChecks.add(plan, "page size",
        "A report with a page size that is not a power of two, or is below 4096, is refused with EINVAL.",
        DmaLogReportChecks::expectPageSizesRefused);
    DmaLogStartChecks.add(plan, "larger pages",
        "A report may use any power of two of at least 4096 as page size.",
        (context, log) -> {
          DmaLogStartChecks.start(context, log);
          for (long size = PAGE; size <= 1L << 30; size <<= 1) {
            report(context, log, RANGE, size);
          }
        });
    DmaLogStartChecks.add(plan, "bits stay set", "A report sets bits of the bitmap and clears none.",
        DmaLogReportChecks::expectBitsKept);
    DmaLogStartChecks.add(plan, "written pages", "A page that the device wrote is reported.",
        DmaLogReportChecks::expectWrittenPages);
    DmaLogStartChecks.add(plan, "cleared by a report", "A page that was reported is not reported again.",
        DmaLogReportChecks::expectClearedByReport);
    DmaLogStartChecks.add(plan, "forgotten by a stop",
        "A page logged before a stop is not reported after the next start.",
        DmaLogReportChecks::expectClearedByStop);
    DmaLogStartChecks.add(plan, "in every state", "The log can be read until the device is in STOP.",
        DmaLogReportChecks::reportInEveryState);
  }

  private static MemorySegment bitmap(CheckContext context, IovaRange range, long pageSize, int fill) {
    return context.sessionIo().buffer((int) DmaLog.bitmapBytes(range, pageSize)).fill((byte) fill);
  }

  /** Reads a report that fits in one word of the bitmap, and returns that word. */
  private static long report(CheckContext context, DmaLog log, IovaRange range, long pageSize)
      throws VerdictException, DeviceException {
    MemorySegment bitmap = bitmap(context, range, pageSize, 0);
    read(log, range, pageSize, bitmap);
    return bitmap.get(JAVA_LONG, 0);
  }

  /**
   * Reads a report. A kernel built without iommufd cannot make one, whatever the device's driver supports.
   */
  private static void read(DmaLog log, IovaRange range, long pageSize, MemorySegment bitmap)
      throws VerdictException, DeviceException {
    try {
      log.report(range, pageSize, bitmap);
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.EOPNOTSUPP)) {
        throw reportUnsupported();
      }
      throw e;
    }
  }

  private static VerdictException reportUnsupported() {
    return VerdictException
        .notApplicable("the log cannot be read (EOPNOTSUPP): the kernel needs CONFIG_IOMMUFD for it");
  }

  private static void reportWithoutStart(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure =
        Expect.failureOf(() -> log.report(RANGE, PAGE, bitmap(context, RANGE, PAGE, 0)));
    if (failure.isPresent() && failure.get().errno().equals(Errno.EOPNOTSUPP)) {
      throw reportUnsupported();
    }
    Expect.refusedOrDeviation(context, "a report without a start", () -> {
      if (failure.isPresent()) {
        throw failure.get();
      }
    }, Errno.EINVAL);
  }

  private static void expectPageSizesRefused(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    var raw =
        context.require(DeviceProbe.RawDmaLogProbe.class, "request a report with an arbitrary page size");
    DmaLogStartChecks.start(context, log);
    for (long size : new long[] {0, 1, 2048, 4095, 6000, 12_288}) {
      Expect.refused("a report in pages of %d bytes".formatted(size),
          () -> raw.reportLog(RANGE.iova(), RANGE.length(), size), Errno.EINVAL);
    }
  }

  private static void expectBitsKept(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    DmaLogStartChecks.start(context, log);
    MemorySegment bitmap = bitmap(context, RANGE, PAGE, 0xff);
    read(log, RANGE, PAGE, bitmap);
    for (byte bits : bitmap.toArray(JAVA_BYTE)) {
      if (bits != -1) {
        throw VerdictException.failed("all bits that were set before remain set", "some are cleared");
      }
    }
  }

  /** Starts the log, makes the device write memory, and returns the pages written. */
  private static IovaRange startAndWrite(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    // Once before the start, since memory may have to be mapped first.
    IovaRange written = context.profile().writeMemory(context.probe())
        .orElseThrow(
            () -> VerdictException.notApplicable("no means is known to make the device write memory"));
    long first = written.iova() & -PAGE;
    IovaRange pages = new IovaRange(first, (written.last() | PAGE - 1) - first + 1);
    log.start(List.of(pages), PAGE);
    context.loggingStarted();
    context.profile().writeMemory(context.probe());
    return pages;
  }

  private static void expectWrittenPages(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(context, log);
    long count = Math.min(pages.length() / PAGE, Long.SIZE);
    long all = -1L >>> (Long.SIZE - count);
    long reported = report(context, log, pages, PAGE);
    if ((reported & all) != all) {
      throw VerdictException.failed("all of the %d pages that the device wrote".formatted(count),
          "the bits %x".formatted(reported));
    }
  }

  private static void expectClearedByReport(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(context, log);
    report(context, log, pages, PAGE);
    long again = report(context, log, pages, PAGE);
    if (again != 0) {
      throw VerdictException.failed("no page in the second report, since nothing was written after the first",
          "the bits %x".formatted(again));
    }
  }

  private static void expectClearedByStop(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(context, log);
    context.stopLogging();
    log.start(List.of(pages), PAGE);
    context.loggingStarted();
    long old = report(context, log, pages, PAGE);
    if (old != 0) {
      throw VerdictException.failed("no page, since nothing was written after the second start",
          "the bits %x".formatted(old));
    }
  }

  private static void reportInEveryState(CheckContext context, DmaLog log)
      throws VerdictException, DeviceException {
    if (!context.features().canMigrate()) {
      throw VerdictException.notApplicable("the device cannot migrate");
    }
    DmaLogStartChecks.start(context, log);
    for (DeviceState state : List.of(DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY,
        DeviceState.STOP)) {
      if (context.features().supports(state)) {
        context.enter(state);
        report(context, log, RANGE, PAGE);
      }
    }
  }
}
