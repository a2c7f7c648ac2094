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
        "A report in pages that are no power of two, or smaller than 4096, is refused with EINVAL.",
        DmaLogReportChecks::expectPageSizesRefused);
    DmaLogStartChecks.add(plan, "larger pages", "A report may ask for any power of two from 4096 on.",
        (bench, log) -> {
          DmaLogStartChecks.start(bench, log);
          for (long size = PAGE; size <= 1L << 30; size <<= 1) {
            report(bench, log, RANGE, size);
          }
        });
    DmaLogStartChecks.add(plan, "bits stay set", "A report sets bits of the bitmap and clears none.",
        DmaLogReportChecks::expectBitsKept);
    DmaLogStartChecks.add(plan, "written pages", "A page that the device wrote is reported.",
        DmaLogReportChecks::expectWrittenPages);
    DmaLogStartChecks.add(plan, "cleared by a report", "What was reported once is not reported again.",
        DmaLogReportChecks::expectClearedByReport);
    DmaLogStartChecks.add(plan, "forgotten by a stop",
        "What was logged before a stop is not reported after a start.",
        DmaLogReportChecks::expectClearedByStop);
    DmaLogStartChecks.add(plan, "in every state", "The log can be read until the device is in STOP.",
        DmaLogReportChecks::reportInEveryState);
  }

  private static MemorySegment bitmap(CheckContext bench, IovaRange range, long pageSize, int fill) {
    return bench.sessionIo().buffer((int) DmaLog.bitmapBytes(range, pageSize)).fill((byte) fill);
  }

  /** Returns the first word of the bitmap, which is all of it. */
  private static long report(CheckContext bench, DmaLog log, IovaRange range, long pageSize)
      throws VerdictException, DeviceException {
    MemorySegment bitmap = bitmap(bench, range, pageSize, 0);
    read(log, range, pageSize, bitmap);
    return bitmap.get(JAVA_LONG, 0);
  }

  /** A kernel that was built without iommufd lacks what reports are made with, whatever the device's driver has. */
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
        .notApplicable("the log cannot be read here (EOPNOTSUPP): a kernel needs CONFIG_IOMMUFD for that");
  }

  private static void reportWithoutStart(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure =
        Expect.failureOf(() -> log.report(RANGE, PAGE, bitmap(bench, RANGE, PAGE, 0)));
    if (failure.isPresent() && failure.get().errno().equals(Errno.EOPNOTSUPP)) {
      throw reportUnsupported();
    }
    Expect.refusedOrDeviation(bench, "a report without a start", () -> {
      if (failure.isPresent()) {
        throw failure.get();
      }
    }, Errno.EINVAL);
  }

  private static void expectPageSizesRefused(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    var raw = bench.require(DeviceProbe.RawDmaLogProbe.class, "ask for a report in pages of any size");
    DmaLogStartChecks.start(bench, log);
    for (long size : new long[] {0, 1, 2048, 4095, 6000, 12_288}) {
      Expect.refused("a report in pages of %d bytes".formatted(size),
          () -> raw.reportLog(RANGE.iova(), RANGE.length(), size), Errno.EINVAL);
    }
  }

  private static void expectBitsKept(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    DmaLogStartChecks.start(bench, log);
    MemorySegment bitmap = bitmap(bench, RANGE, PAGE, 0xff);
    read(log, RANGE, PAGE, bitmap);
    for (byte bits : bitmap.toArray(JAVA_BYTE)) {
      if (bits != -1) {
        throw VerdictException.failed("all bits that were set before are set", "some are cleared");
      }
    }
  }

  /** Starts the log, has the device write memory, and returns the pages written. */
  private static IovaRange startAndWrite(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    // Once before, since memory may have to be lent to the device first.
    IovaRange written = bench.profile().writeMemory(bench.probe())
        .orElseThrow(
            () -> VerdictException.notApplicable("there is no way here to have the device write memory"));
    long first = written.iova() & -PAGE;
    IovaRange pages = new IovaRange(first, (written.last() | PAGE - 1) - first + 1);
    log.start(List.of(pages), PAGE);
    bench.loggingStarted();
    bench.profile().writeMemory(bench.probe());
    return pages;
  }

  private static void expectWrittenPages(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(bench, log);
    long count = Math.min(pages.length() / PAGE, Long.SIZE);
    long all = -1L >>> (Long.SIZE - count);
    long reported = report(bench, log, pages, PAGE);
    if ((reported & all) != all) {
      throw VerdictException.failed("all of the %d pages that the device wrote".formatted(count),
          "the bits %x".formatted(reported));
    }
  }

  private static void expectClearedByReport(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(bench, log);
    report(bench, log, pages, PAGE);
    long again = report(bench, log, pages, PAGE);
    if (again != 0) {
      throw VerdictException.failed("no page in a second report, since nothing was written since the first",
          "the bits %x".formatted(again));
    }
  }

  private static void expectClearedByStop(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    IovaRange pages = startAndWrite(bench, log);
    bench.stopLogging();
    log.start(List.of(pages), PAGE);
    bench.loggingStarted();
    long old = report(bench, log, pages, PAGE);
    if (old != 0) {
      throw VerdictException.failed("no page, since nothing was written since the second start",
          "the bits %x".formatted(old));
    }
  }

  private static void reportInEveryState(CheckContext bench, DmaLog log)
      throws VerdictException, DeviceException {
    if (!bench.features().canMigrate()) {
      throw VerdictException.notApplicable("the device cannot migrate");
    }
    DmaLogStartChecks.start(bench, log);
    for (DeviceState state : List.of(DeviceState.PRE_COPY, DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY,
        DeviceState.STOP)) {
      if (bench.features().supports(state)) {
        bench.enter(state);
        report(bench, log, RANGE, PAGE);
      }
    }
  }
}
