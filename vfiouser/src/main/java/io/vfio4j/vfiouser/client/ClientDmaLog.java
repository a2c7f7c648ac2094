// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The DMA log of a served device. */
final class ClientDmaLog implements DmaLog {

  private static final int DATA = Header.SIZE + Feature.SIZE;
  private static final String REPORT = "report dirty memory";
  private static final int MAX_RANGES = 512;

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
    if (ranges.size() > MAX_RANGES) {
      throw new DeviceException(calls.name(), "start logging " + ranges.size() + " ranges", Errno.E2BIG);
    }
    boolean wasOff = writes.start();
    try {
      return sendStart(ranges, pageSize);
    } catch (DeviceException e) {
      if (wasOff) {
        writes.stop();
      }
      throw e;
    }
  }

  private long sendStart(List<IovaRange> ranges, long pageSize) throws DeviceException {
    int size = DmaLoggingControl.SIZE + ranges.size() * DmaLoggingControl.RANGE_SIZE;
    return calls.call("start DMA logging", Command.DEVICE_FEATURE, head -> {
      head.set(LittleEndian.U64, DATA + DmaLoggingControl.PAGE_SIZE, pageSize);
      head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES, ranges.size());
      head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES + 4, 0);
      for (int i = 0; i < ranges.size(); i++) {
        int at = DATA + DmaLoggingControl.SIZE + i * DmaLoggingControl.RANGE_SIZE;
        head.set(LittleEndian.U64, at, ranges.get(i).iova());
        head.set(LittleEndian.U64, at + 8, ranges.get(i).length());
      }
      return ClientMigration.encodeFeature(head, Feature.DMA_LOGGING_START | Feature.SET, size) + size;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Feature.SIZE + DmaLoggingControl.SIZE);
      long chosen =
          reader.buffer().segment().get(LittleEndian.U64, at + Feature.SIZE + DmaLoggingControl.PAGE_SIZE);
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
          head -> ClientMigration.encodeFeature(head, Feature.DMA_LOGGING_STOP | Feature.SET, 0),
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
    List<IovaRange> parts = mappings.reportRanges(range);
    if (parts.equals(List.of(range)) || Long.bitCount(pageSize) != 1) {
      reportPart(range, pageSize, bitmap);
    } else {
      reportAll(parts, range, pageSize, bitmap);
    }
    writes.reportInto(calls.name(), range, pageSize, bitmap);
  }

  private void reportPart(IovaRange part, long pageSize, MemorySegment bitmap) throws DeviceException {
    ClientDirtyReport report =
        new ClientDirtyReport(calls, limits, REPORT, part, pageSize, bitmap);
    report.call(Command.DEVICE_FEATURE, head -> encodeReport(head, part, pageSize, report.bytes()),
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

  private static int encodeReport(MemorySegment head, IovaRange range, long pageSize, long bytes) {
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.IOVA, range.iova());
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.LENGTH, range.length());
    head.set(LittleEndian.U64, DATA + DmaLoggingReport.PAGE_SIZE, pageSize);
    return ClientMigration.encodeFeature(head, Feature.DMA_LOGGING_REPORT | Feature.GET,
        DmaLoggingReport.SIZE + (int) bytes) + DmaLoggingReport.SIZE;
  }
}
