// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.vfio4j.linux.vfio.FeatureStructs.Feature;
import io.vfio4j.linux.vfio.FeatureStructs.LogControl;
import io.vfio4j.linux.vfio.FeatureStructs.LogRange;
import io.vfio4j.linux.vfio.FeatureStructs.LogReport;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The log that a device keeps of its own writes. */
final class DeviceDmaLog implements DmaLog {

  private final FeatureCalls calls;

  DeviceDmaLog(FeatureCalls calls) {
    this.calls = calls;
  }

  /** Returns whether the device keeps one. */
  static boolean isOffered(FeatureCalls calls) {
    return calls.offers(Feature.DMA_LOGGING_START, Feature.SET);
  }

  @Override
  public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
    long chosen =
        start(ranges.stream().map(range -> new long[] {range.iova(), range.length()}).toList(), pageSize,
            calls);
    if (Long.bitCount(chosen) != 1) {
      throw new DeviceException(calls.file().device(), "start DMA logging", Errno.EPROTO,
          "%s: its driver logs in pages of %s bytes, which is not a power of two".formatted(
              calls.file().device(),
              Long.toUnsignedString(chosen)),
          null);
    }
    return chosen;
  }

  /** Starts the log with pairs of address and length, any 64 bits each. */
  static long start(List<long[]> ranges, long pageSize, FeatureCalls calls) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocate(LogRange.LAYOUT, ranges.size());
      for (int i = 0; i < ranges.size(); i++) {
        long at = i * LogRange.LAYOUT.byteSize();
        array.set(JAVA_LONG, at + LogRange.IOVA, ranges.get(i)[0]);
        array.set(JAVA_LONG, at + LogRange.LENGTH, ranges.get(i)[1]);
      }
      MemorySegment argument =
          FeatureCalls.argument(arena, Feature.DMA_LOGGING_START | Feature.SET, LogControl.LAYOUT);
      argument.set(JAVA_LONG, Feature.DATA + LogControl.PAGE_SIZE, pageSize);
      argument.set(JAVA_INT, Feature.DATA + LogControl.NUM_RANGES, ranges.size());
      argument.set(JAVA_LONG, Feature.DATA + LogControl.RANGES, array.address());
      calls.file().ioctl("start DMA logging of %d ranges".formatted(ranges.size()),
          Ioctl.VFIO_DEVICE_FEATURE,
          argument, array);
      return argument.get(JAVA_LONG, Feature.DATA + LogControl.PAGE_SIZE);
    }
  }

  @Override
  public void stop() throws DeviceException {
    calls.file().requireSuccess("stop DMA logging", calls.tryIoctl(Feature.DMA_LOGGING_STOP | Feature.SET));
  }

  @Override
  public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    ReportBitmap.checkedSize(calls.file().device(), range, pageSize, bitmap);
    report(range.iova(), range.length(), pageSize, bitmap, calls);
  }

  /** Reads a report for any 64-bit arguments, into a bitmap that must be long enough for them. */
  static void report(long iova, long length, long pageSize, MemorySegment bitmap, FeatureCalls calls)
      throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument =
          FeatureCalls.argument(arena, Feature.DMA_LOGGING_REPORT | Feature.GET, LogReport.LAYOUT);
      argument.set(JAVA_LONG, Feature.DATA + LogReport.IOVA, iova);
      argument.set(JAVA_LONG, Feature.DATA + LogReport.LENGTH, length);
      argument.set(JAVA_LONG, Feature.DATA + LogReport.PAGE_SIZE, pageSize);
      argument.set(JAVA_LONG, Feature.DATA + LogReport.BITMAP, bitmap.address());
      calls.file().ioctl("report the DMA log of 0x%x+0x%x".formatted(iova, length),
          Ioctl.VFIO_DEVICE_FEATURE,
          argument, bitmap);
    }
  }
}
