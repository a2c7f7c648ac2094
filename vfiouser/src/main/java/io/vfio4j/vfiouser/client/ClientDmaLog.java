// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.client.memory.ClientWriteLog;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The DMA log of a served device, DMA_LOGGING_* of DEVICE_FEATURE. */
final class ClientDmaLog implements DmaLog {

  private static final String REPORT = "report dirty memory";
  private static final int MAX_RANGES = 512;

  private final ClientContext context;
  private final ClientCalls calls;
  private final ClientWriteLog writes;
  private final ClientDmaMappings mappings;

  ClientDmaLog(ClientContext context, ClientDmaMappings mappings) {
    this.context = context;
    calls = context.calls();
    writes = context.memory().writes();
    this.mappings = mappings;
  }

  @Override
  public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
    if (ranges.isEmpty()) {
      // On the wire, no range means all memory; a kernel device refuses it.
      throw new DeviceException(calls.name(), "start DMA logging without ranges", Errno.EINVAL);
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
    List<long[]> pairs = ranges.stream().map(range -> new long[] {range.iova(), range.length()}).toList();
    return calls.call("start DMA logging", Command.DEVICE_FEATURE,
        head -> FeatureRequests.startLogging(head, pairs, pageSize), MemorySegment.NULL, reader -> {
          long chosen = FeatureRequests.loggingPageSize(reader);
          if (Long.bitCount(chosen) != 1) {
            throw new ProtocolException("invalid page size of the DMA log: " + Long.toUnsignedString(chosen));
          }
          return chosen;
        });
  }

  @Override
  public void stop() throws DeviceException {
    try {
      calls.call("stop DMA logging", Command.DEVICE_FEATURE,
          head -> FeatureRequests.encode(head, Feature.DMA_LOGGING_STOP | Feature.SET, 0),
          MemorySegment.NULL,
          reader -> Boolean.TRUE);
    } finally {
      writes.stop();
    }
  }

  /** {@inheritDoc} Negotiated with the server. */
  @Override
  public long maxBitmapSize() {
    return context.limits().maxBitmapSize();
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
        new ClientDirtyReport(context, REPORT, part, pageSize, bitmap);
    report.call(Command.DEVICE_FEATURE,
        head -> FeatureRequests.report(head, part.iova(), part.length(), pageSize, (int) report.bytes()),
        Feature.SIZE + DmaLoggingReport.SIZE);
  }

  private void reportAll(List<IovaRange> parts, IovaRange range, long pageSize, MemorySegment bitmap)
      throws DeviceException {
    if (bitmap.byteSize() < DmaLog.bitmapBytes(range, pageSize)) {
      throw new DeviceException(calls.name(), REPORT + " of " + range + ": bitmap too short",
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
}
