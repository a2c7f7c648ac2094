// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.dma.DirtyLog;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeviceFeature;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.StateLayoutData;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.PreCopyInfoData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** DEVICE_FEATURE: migration and DMA logging. */
public final class FeatureCommands implements CommandHandlers {

  private static final int STATE_SIZE = 8;
  private static final int DATA = Feature.SIZE;

  private final EmulatedDevice device;
  private final MigrationData migrationData;
  private final DirtyLog log;
  private final DirtyBitmapBuffer bitmaps;

  public FeatureCommands(EmulatedDevice device, MigrationData migrationData, DirtyLog log,
      DirtyBitmapBuffer bitmaps) {
    this.device = device;
    this.migrationData = migrationData;
    this.log = log;
    this.bitmaps = bitmaps;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_FEATURE, this::feature);
  }

  private void feature(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(Feature.SIZE);
    int flags = request.u32(Feature.FLAGS);
    int index = flags & Feature.INDEX_MASK;
    int operation = flags & (Feature.GET | Feature.SET);
    int known = Feature.INDEX_MASK | Feature.GET | Feature.SET | Feature.PROBE;
    if ((flags & ~known) != 0) {
      throw invalid("DEVICE_FEATURE with flags 0x" + Integer.toHexString(flags));
    }
    DeviceFeature feature = DeviceFeature.fromIndex(index);
    if (feature == null || !isOffered(feature)) {
      throw new ErrnoException(Errno.ENOTTY, "feature " + index);
    }
    int operations = feature.operations();
    if ((flags & Feature.PROBE) != 0) {
      if ((operation & ~operations) != 0) {
        throw invalid("feature " + index + " does not support this operation");
      }
      echo(request, reply);
      return;
    }
    if (Integer.bitCount(operation) != 1 || (operation & operations) == 0) {
      throw invalid("feature " + index + " does not support this operation");
    }
    execute(feature, operation, request, reply);
  }

  private boolean isOffered(DeviceFeature feature) {
    return switch (feature) {
      case MIGRATION, MIG_DEVICE_STATE, MIG_DATA_SIZE, STATE_LAYOUT -> device.features().canMigrate();
      case PRE_COPY_INFO -> device.features().has(MigrationFeature.PRE_COPY);
      case DMA_LOGGING_START, DMA_LOGGING_STOP, DMA_LOGGING_REPORT -> true;
    };
  }

  private void execute(DeviceFeature feature, int operation, Request request, Reply reply)
      throws ErrnoException {
    switch (feature) {
      case MIGRATION -> get(request, reply, Long.BYTES).u64(DATA, device.features().flags());
      case MIG_DATA_SIZE -> get(request, reply, Long.BYTES).u64(DATA, device.stopCopyLength()
          .orElseThrow(() -> new ErrnoException(Errno.ENOTTY, "no estimate of the state's size")));
      case MIG_DEVICE_STATE -> {
        if (operation == Feature.GET) {
          get(request, reply, STATE_SIZE).u32(DATA, device.state().wireValue()).u32(DATA + 4, -1);
        } else {
          setState(request, reply);
        }
      }
      case PRE_COPY_INFO -> preCopyInfo(request, reply);
      case STATE_LAYOUT ->
        StateLayoutData.encode(device.stateLayout(), get(request, reply, StateLayoutData.SIZE));
      case DMA_LOGGING_START -> startLogging(request, reply);
      case DMA_LOGGING_STOP -> {
        echo(request, reply);
        log.stop();
      }
      case DMA_LOGGING_REPORT -> report(request, reply);
    }
  }

  /** Prepares the reply to a GET with data of a size. */
  private static Reply get(Request request, Reply reply, int bytes) throws ErrnoException {
    if (Integer.compareUnsigned(request.u32(0), Feature.SIZE + bytes) < 0) {
      throw invalid("argsz has no room for the reply");
    }
    reply.echo(request, Feature.SIZE);
    return reply.u32(0, Feature.SIZE + bytes).size(Feature.SIZE + bytes);
  }

  /**
   * Replies to a SET or a PROBE with the whole payload of the request: a client reads as much as it has sent,
   * and would otherwise read into the next message.
   */
  private static void echo(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(request.size());
    if (request.size() > Reply.MAX_FIELDS) {
      throw invalid("DEVICE_FEATURE with %d bytes to echo (at most %d)".formatted(request.size(),
          Reply.MAX_FIELDS));
    }
    reply.echo(request, request.size());
  }

  private void setState(Request request, Reply reply) throws ErrnoException {
    request.requireSize(Feature.SIZE + STATE_SIZE);
    int value = request.u32(DATA);
    DeviceState target = DeviceState.fromWire(value)
        .orElseThrow(() -> invalid(
            "unknown device state %s (expected 0 to 7)".formatted(Integer.toUnsignedString(value))));
    // Before the device moves: commands executed meanwhile may reuse the request's buffer.
    echo(request, reply);
    migrationData.moveTo(target);
  }

  private void preCopyInfo(Request request, Reply reply) throws ErrnoException {
    get(request, reply, PreCopyInfoData.SIZE);
    PreCopyInfo info = migrationData.preCopyInfo();
    reply.u64(DATA + PreCopyInfoData.INITIAL_BYTES, info.initialBytes())
        .u64(DATA + PreCopyInfoData.DIRTY_BYTES, info.dirtyBytes())
        .u32(DATA + PreCopyInfoData.FLAGS, info.reinit() ? PreCopyInfoData.REINIT : 0)
        .u32(DATA + PreCopyInfoData.FLAGS + 4, 0);
  }

  private void startLogging(Request request, Reply reply) throws ErrnoException {
    request.requireSize(Feature.SIZE + DmaLoggingControl.SIZE);
    int count = request.u32(DATA + DmaLoggingControl.NUM_RANGES);
    if (count < 0 || count > DirtyLog.MAX_RANGES) {
      throw new ErrnoException(Errno.E2BIG, Integer.toUnsignedString(count) + " ranges to log");
    }
    request.requireSize(Feature.SIZE + DmaLoggingControl.SIZE + count * DmaLoggingControl.RANGE_SIZE);
    echo(request, reply);
    long pageSize = request.u64(DATA + DmaLoggingControl.PAGE_SIZE);
    // The kernel refuses a start without ranges; in vfio-user it logs all memory.
    long chosen = count == 0 ? log.startAll(pageSize) : log.start(ranges(request, count), pageSize);
    reply.u64(DATA + DmaLoggingControl.PAGE_SIZE, chosen);
  }

  private static List<long[]> ranges(Request request, int count) {
    List<long[]> ranges = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int at = DATA + DmaLoggingControl.SIZE + i * DmaLoggingControl.RANGE_SIZE;
      ranges.add(new long[] {request.u64(at), request.u64(at + 8)});
    }
    return ranges;
  }

  private void report(Request request, Reply reply) throws ErrnoException {
    int head = Feature.SIZE + DmaLoggingReport.SIZE;
    request.requireArgsz(head);
    long iova = request.u64(DATA + DmaLoggingReport.IOVA);
    long length = request.u64(DATA + DmaLoggingReport.LENGTH);
    long pageSize = request.u64(DATA + DmaLoggingReport.PAGE_SIZE);
    long bytes = bitmaps.size(iova, length, pageSize);
    if (Integer.toUnsignedLong(request.u32(0)) < head + bytes) {
      throw invalid("no room for a bitmap of " + bytes + " bytes");
    }
    MemorySegment bitmap = bitmaps.allocate(bytes);
    log.report(iova, length, pageSize, bitmap);
    reply.echo(request, head).u32(0, (int) (head + bytes)).tail(bitmap);
  }

  private static ErrnoException invalid(String reason) {
    return new ErrnoException(Errno.EINVAL, reason);
  }
}
