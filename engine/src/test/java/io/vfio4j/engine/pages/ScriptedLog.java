// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A log with a configurable page size, which fails on request. */
final class ScriptedLog implements DmaLog {

  final DirtyLog log = new DirtyLog();
  final List<Long> reportedIn = new ArrayList<>();
  long pageSize = DirtyLog.PAGE_SIZE;
  boolean startFails;
  boolean stopFails;
  int reportsUntilFailure = Integer.MAX_VALUE;
  long maxBitmapSize = Long.MAX_VALUE;
  /** Whether it rejects a report of a part of a mapping. */
  List<IovaRange> wholeMappings = List.of();
  final List<IovaRange> reported = new ArrayList<>();
  int starts;
  int stops;

  static ScriptedLog in(long pageSize) {
    ScriptedLog log = new ScriptedLog();
    log.pageSize = pageSize;
    return log;
  }

  /** Marks the log pages that a write touches as dirty. */
  void mark(long iova, long length) {
    long size = Math.max(pageSize, DirtyLog.PAGE_SIZE);
    long first = iova & -size;
    log.mark(first, ((iova + length - 1) & -size) + size - first);
  }

  @Override
  public long start(List<IovaRange> ranges, long asked) throws DeviceException {
    starts++;
    if (startFails) {
      throw new DeviceException("nic0", "start DMA logging", Errno.EOPNOTSUPP);
    }
    call(() -> log.start(ranges.stream().map(r -> new long[] {r.iova(), r.length()}).toList(), asked));
    return pageSize;
  }

  @Override
  public void stop() throws DeviceException {
    stops++;
    if (stopFails) {
      throw new DeviceException("nic0", "stop DMA logging", Errno.EIO);
    }
    call(log::stop);
  }

  @Override
  public long maxBitmapSize() {
    return maxBitmapSize;
  }

  @Override
  public void report(IovaRange range, long bitPages, MemorySegment bitmap) throws DeviceException {
    if (reportsUntilFailure-- <= 0) {
      throw new DeviceException("nic0", "report dirty memory", Errno.EIO);
    }
    if (DmaLog.bitmapBytes(range, bitPages) > maxBitmapSize) {
      throw new DeviceException("nic0", "report dirty memory", Errno.E2BIG);
    }
    if (!wholeMappings.isEmpty() && !wholeMappings.contains(range)) {
      throw new DeviceException("nic0", "report dirty memory", Errno.EINVAL);
    }
    reported.add(range);
    reportedIn.add(bitPages);
    call(() -> log.report(range.iova(), range.length(), bitPages, bitmap));
  }

  private interface Call {
    void run() throws ErrnoException;
  }

  private static void call(Call call) throws DeviceException {
    try {
      call.run();
    } catch (ErrnoException e) {
      throw new DeviceException("nic0", "log", e.errno(), String.valueOf(e.getMessage()), e);
    }
  }
}
