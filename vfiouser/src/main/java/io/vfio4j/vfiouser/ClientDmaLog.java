// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The DMA log of a served device. */
final class ClientDmaLog implements DmaLog {

  private static final int DATA = Header.SIZE + Feature.SIZE;
  private static final String REPORT = "report dirty memory";
  private static final int MOST_RANGES = 512;

  private final ClientCalls calls;
  private final ClientWriteLog writes;
  private final ClientDmaMappings mappings;
  private final Limits limits;

  ClientDmaLog(ClientCalls calls, ClientMemory memory, ClientDmaMappings mappings, Limits limits) {
    this.calls = calls;
    this.mappings = mappings;
    writes = memory.writes();
    this.limits = limits;
  }

  @Override
  public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
    if (ranges.isEmpty()) {
      // On the wire this would log all memory; a kernel device refuses it.
      throw new DeviceException(calls.name(), "start DMA logging without a range", Errno.EINVAL);
    }
    if (ranges.size() > MOST_RANGES) {
      throw new DeviceException(calls.name(), "start logging " + ranges.size() + " ranges", Errno.E2BIG);
    }
    boolean wasOff = writes.start();
    try {
      return callStart(ranges, pageSize);
    } catch (DeviceException e) {
      if (wasOff) {
        writes.stop();
      }
      throw e;
    }
  }

  private long callStart(List<IovaRange> ranges, long pageSize) throws DeviceException {
    int size = DmaLoggingControl.SIZE + ranges.size() * DmaLoggingControl.RANGE_SIZE;
    return calls.call("start DMA logging", Command.DEVICE_FEATURE, head -> {
      head.set(Wire.U64, DATA + DmaLoggingControl.PAGE_SIZE, pageSize);
      head.set(Wire.U32, DATA + DmaLoggingControl.NUM_RANGES, ranges.size());
      head.set(Wire.U32, DATA + DmaLoggingControl.NUM_RANGES + 4, 0);
      for (int i = 0; i < ranges.size(); i++) {
        int at = DATA + DmaLoggingControl.SIZE + i * DmaLoggingControl.RANGE_SIZE;
        head.set(Wire.U64, at, ranges.get(i).iova());
        head.set(Wire.U64, at + 8, ranges.get(i).length());
      }
      return ClientMigration.feature(head, Feature.DMA_LOGGING_START | Feature.SET, size) + size;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.body(reader, Feature.SIZE + DmaLoggingControl.SIZE);
      long chosen = reader.buffer().segment().get(Wire.U64, at + Feature.SIZE + DmaLoggingControl.PAGE_SIZE);
      if (Long.bitCount(chosen) != 1) {
        throw new ProtocolException("DMA logging in pages of " + Long.toUnsignedString(chosen) + " bytes");
      }
      return chosen;
    });
  }

  @Override
  public void stop() throws DeviceException {
    try {
      calls.call("stop DMA logging", Command.DEVICE_FEATURE,
          head -> ClientMigration.feature(head, Feature.DMA_LOGGING_STOP | Feature.SET, 0),
          MemorySegment.NULL,
          reader -> Boolean.TRUE);
    } finally {
      writes.stop();
    }
  }

  /** {@inheritDoc} Agreed on with the server. */
  @Override
  public long maxBitmapSize() {
    return limits.maxBitmapSize();
  }

  @Override
  public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    List<IovaRange> parts = mappings.reportedAs(range);
    if (parts.equals(List.of(range)) || Long.bitCount(pageSize) != 1) {
      reportPart(range, pageSize, bitmap);
    } else {
      reportAll(parts, range, pageSize, bitmap);
    }
    writes.addTo(calls.name(), range, pageSize, bitmap);
  }

  private void reportPart(IovaRange part, long pageSize, MemorySegment bitmap) throws DeviceException {
    ClientDirtyReport report =
        new ClientDirtyReport(calls, limits, REPORT, part, pageSize, bitmap);
    report.call(Command.DEVICE_FEATURE, head -> fill(head, part, pageSize, report.bytes()),
        Feature.SIZE + DmaLoggingReport.SIZE);
  }

  private void reportAll(List<IovaRange> parts, IovaRange range, long pageSize, MemorySegment bitmap)
      throws DeviceException {
    if (bitmap.byteSize() < DmaLog.bitmapBytes(range, pageSize)) {
      throw new DeviceException(calls.name(), REPORT + " of " + range + " into too short a bitmap",
          Errno.EINVAL);
    }
    for (IovaRange part : parts) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bits = arena.allocate(DmaLog.bitmapBytes(part, pageSize), Long.BYTES);
        reportPart(part, pageSize, bits);
        new BitmapPart(part, pageSize, bits).addTo(range, bitmap);
      }
    }
  }

  private static int fill(MemorySegment head, IovaRange range, long pageSize, long bytes) {
    head.set(Wire.U64, DATA + DmaLoggingReport.IOVA, range.iova());
    head.set(Wire.U64, DATA + DmaLoggingReport.LENGTH, range.length());
    head.set(Wire.U64, DATA + DmaLoggingReport.PAGE_SIZE, pageSize);
    return ClientMigration.feature(head, Feature.DMA_LOGGING_REPORT | Feature.GET,
        DmaLoggingReport.SIZE + (int) bytes) + DmaLoggingReport.SIZE;
  }
}
