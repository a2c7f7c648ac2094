// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The DMA log of a misbehaving device. */
final class MisbehavingDmaLog implements DmaLog {

  private static final long PAGE = DirtyLog.PAGE_SIZE;
  private static final long LARGE_PAGE = 2 << 20;
  private static final List<long[]> SUBSTITUTE_RANGES = List.of(new long[] {0, PAGE});

  private final MisbehavingDevice device;
  private final DirtyLog honest;
  private final List<IovaRange> written = new ArrayList<>();

  MisbehavingDmaLog(MisbehavingDevice device, DirtyLog honest) {
    this.device = device;
    this.honest = honest;
  }

  /** Logs that the device wrote to memory. */
  void written(IovaRange range) {
    honest.mark(range.iova(), range.length());
    written.add(range);
  }

  private void markAgain() {
    written.forEach(range -> honest.mark(range.iova(), range.length()));
  }

  @Override
  public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
    return startUnchecked(ranges.stream().map(range -> new long[] {range.iova(), range.length()}).toList(),
        pageSize);
  }

  /** Starts the log without checking the arguments. */
  long startUnchecked(List<long[]> ranges, long pageSize) throws DeviceException {
    if (device.misbehaves(Misbehaviour.LOG_STARTS_TWICE)) {
      honest.clear();
    }
    try {
      boolean makesDo = defectOf(ranges, pageSize).map(device::misbehaves).orElse(false);
      long chosen = honest.start(makesDo ? SUBSTITUTE_RANGES : ranges, pageSize);
      if (device.misbehaves(Misbehaviour.LOG_OUTLIVES_STOP)) {
        markAgain();
      }
      return device.misbehaves(Misbehaviour.LOGS_ODD_PAGE_SIZES) ? 5000 : chosen;
    } catch (ErrnoException e) {
      throw rejection("start DMA logging", e);
    }
  }

  private static Optional<Misbehaviour> defectOf(List<long[]> ranges, long pageSize) {
    if (ranges.isEmpty()) {
      return Optional.of(Misbehaviour.LOGS_NO_RANGES);
    }
    if (ranges.size() > DirtyLog.MAX_RANGES) {
      return Optional.of(Misbehaviour.LOGS_TOO_MANY);
    }
    for (long[] range : ranges) {
      if (range[1] == 0) {
        return Optional.of(Misbehaviour.LOGS_EMPTY_RANGE);
      }
      if (((range[0] | range[1]) & pageSize - 1) != 0) {
        return Optional.of(Misbehaviour.LOGS_MISALIGNED);
      }
      if (!IovaRange.isValid(range[0], range[1])) {
        return Optional.of(Misbehaviour.LOGS_WRAP_AROUND);
      }
    }
    return ranges.size() > 1 ? Optional.of(Misbehaviour.LOGS_OVERLAP) : Optional.empty();
  }

  @Override
  public void stop() throws DeviceException {
    if (!honest.isStarted() && device.misbehaves(Misbehaviour.LOG_STOPS_TWICE)) {
      return;
    }
    try {
      honest.stop();
    } catch (ErrnoException e) {
      throw rejection("stop DMA logging", e);
    }
  }

  @Override
  public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    reportUnchecked(range.iova(), range.length(), pageSize, bitmap);
  }

  /** Reports without checking the arguments. */
  void reportUnchecked(long iova, long length, long pageSize, MemorySegment bitmap) throws DeviceException {
    if (!honest.isStarted() && device.misbehaves(Misbehaviour.REPORTS_WITHOUT_LOG)) {
      return;
    }
    boolean tooLarge = pageSize > LARGE_PAGE && device.misbehaves(Misbehaviour.REPORTS_SMALL_PAGES_ONLY);
    boolean tooLate = !device.state().isRunning() && device.misbehaves(Misbehaviour.LOG_ENDS_WITH_RUNNING);
    if (tooLarge || tooLate) {
      throw new DeviceException(device.name(), "report", Errno.EINVAL);
    }
    if (device.misbehaves(Misbehaviour.REPORT_CLEARS_BITS)) {
      bitmap.fill((byte) 0);
    }
    try {
      honest.report(iova, length, device.misbehaves(Misbehaviour.REPORTS_ANY_PAGE_SIZE) ? PAGE : pageSize,
          bitmap);
    } catch (ErrnoException e) {
      throw rejection("report", e);
    }
    if (device.misbehaves(Misbehaviour.REPORT_KEEPS_LOG)) {
      markAgain();
    }
  }

  private DeviceException rejection(String action, ErrnoException e) {
    return new DeviceException(device.name(), action, e.errno(), String.valueOf(e.getMessage()), e);
  }
}
