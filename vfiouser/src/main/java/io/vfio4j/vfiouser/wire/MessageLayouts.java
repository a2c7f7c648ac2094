// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static io.vfio4j.vfiouser.wire.MessageField.flags;
import static io.vfio4j.vfiouser.wire.MessageField.hex;
import static io.vfio4j.vfiouser.wire.MessageField.state;
import static io.vfio4j.vfiouser.wire.MessageField.u16;
import static io.vfio4j.vfiouser.wire.MessageField.u32;
import static io.vfio4j.vfiouser.wire.MessageField.u64;

import io.vfio4j.vfiouser.wire.Structs.DeviceInfo;
import io.vfio4j.vfiouser.wire.Structs.DmaAccess;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.DmaUnmap;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import io.vfio4j.vfiouser.wire.Structs.IrqInfo;
import io.vfio4j.vfiouser.wire.Structs.IrqSet;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import io.vfio4j.vfiouser.wire.Structs.MigPrecopyInfo;
import io.vfio4j.vfiouser.wire.Structs.PreCopyInfoData;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Which fields the bodies of messages have. Commands and their replies have the same, as far as they go. */
public final class MessageLayouts {

  private static final MessageField ARGSZ = u32("argsz", 0);

  private MessageLayouts() {
  }

  /** Returns the fields of a body in order; a body may end before the last. */
  public static List<MessageField> of(Command command, MemorySegment body) {
    return switch (command) {
      case VERSION -> List.of(u16("major", 0), u16("minor", 2));
      case DMA_MAP -> List.of(ARGSZ,
          flags("flags", DmaMap.FLAGS, "read", "write", "mmap", "file_io", "", "", "", "", "peer"),
          hex("offset", DmaMap.OFFSET), hex("address", DmaMap.IOVA), hex("size", DmaMap.LENGTH));
      case DMA_UNMAP -> List.of(ARGSZ, flags("flags", DmaUnmap.FLAGS, "get_dirty_bitmap", "all"),
          hex("address", DmaUnmap.IOVA), hex("size", DmaUnmap.LENGTH), u64("pgsize", DmaUnmap.SIZE),
          u64("bitmap_size", DmaUnmap.SIZE + Long.BYTES));
      case DEVICE_GET_INFO -> List.of(ARGSZ, flags("flags", DeviceInfo.FLAGS, "reset", "pci"),
          u32("num_regions", DeviceInfo.NUM_REGIONS), u32("num_irqs", DeviceInfo.NUM_IRQS));
      case DEVICE_GET_REGION_INFO ->
        List.of(ARGSZ, flags("flags", RegionInfo.FLAGS, "read", "write", "mmap", "caps"),
            u32("index", RegionInfo.INDEX), u32("cap_offset", RegionInfo.CAP_OFFSET),
            hex("size", RegionInfo.LENGTH),
            hex("offset", RegionInfo.OFFSET));
      case DEVICE_GET_REGION_IO_FDS -> List.of(ARGSZ, flags("flags", IoFds.FLAGS), u32("index", IoFds.INDEX),
          u32("count", IoFds.COUNT));
      case DEVICE_GET_IRQ_INFO -> List.of(ARGSZ,
          flags("flags", IrqInfo.FLAGS, "eventfd", "maskable", "automasked", "noresize"),
          u32("index", IrqInfo.INDEX), u32("count", IrqInfo.COUNT));
      case DEVICE_SET_IRQS -> List.of(ARGSZ,
          flags("flags", IrqSet.FLAGS, "data_none", "data_bool", "data_eventfd", "mask", "unmask", "trigger"),
          u32("index", IrqSet.INDEX), u32("start", IrqSet.START), u32("count", IrqSet.COUNT));
      case REGION_READ, REGION_WRITE ->
        List.of(hex("offset", RegionAccess.OFFSET), u32("region", RegionAccess.REGION),
            u32("count", RegionAccess.COUNT));
      case REGION_WRITE_MULTI -> List.of(u64("count", 0));
      case DMA_READ, DMA_WRITE -> List.of(hex("address", DmaAccess.IOVA), u64("count", DmaAccess.COUNT));
      case DEVICE_RESET -> List.of();
      case DEVICE_FEATURE -> feature(body);
      case MIG_DATA_READ, MIG_DATA_WRITE -> List.of(ARGSZ, u32("size", MigData.LENGTH));
      case MIG_GET_PRECOPY_INFO -> List.of(ARGSZ, flags("flags", MigPrecopyInfo.FLAGS, "reinit"),
          u64("initial_bytes", MigPrecopyInfo.INITIAL_BYTES), u64("dirty_bytes", MigPrecopyInfo.DIRTY_BYTES));
    };
  }

  private static List<MessageField> feature(MemorySegment body) {
    List<MessageField> fields = new ArrayList<>();
    fields.add(ARGSZ);
    fields.add(new MessageField("flags", Feature.FLAGS, Integer.BYTES, false, MessageLayouts::featureText));
    if (body.byteSize() >= Feature.SIZE) {
      int flags = body.get(LittleEndian.U32, Feature.FLAGS);
      boolean probes = (flags & Feature.PROBE) != 0;
      fields.addAll(probes ? List.of() : featureData(flags & Feature.INDEX_MASK));
    }
    return fields;
  }

  private static String featureText(long flags) {
    List<String> words = new ArrayList<>();
    words.add(featureName((int) flags & Feature.INDEX_MASK));
    if ((flags & Feature.GET) != 0) {
      words.add("get");
    }
    if ((flags & Feature.SET) != 0) {
      words.add("set");
    }
    if ((flags & Feature.PROBE) != 0) {
      words.add("probe");
    }
    long rest = flags & ~(Feature.INDEX_MASK | Feature.GET | Feature.SET | Feature.PROBE);
    if (rest != 0) {
      words.add("0x" + Long.toHexString(rest));
    }
    return String.join("|", words);
  }

  private static String featureName(int index) {
    return switch (index) {
      case Feature.MIGRATION -> "MIGRATION";
      case Feature.MIG_DEVICE_STATE -> "MIG_DEVICE_STATE";
      case Feature.DMA_LOGGING_START -> "DMA_LOGGING_START";
      case Feature.DMA_LOGGING_STOP -> "DMA_LOGGING_STOP";
      case Feature.DMA_LOGGING_REPORT -> "DMA_LOGGING_REPORT";
      case Feature.MIG_DATA_SIZE -> "MIG_DATA_SIZE";
      case Feature.PRE_COPY_INFO -> "PRE_COPY_INFO";
      default -> "feature " + index;
    };
  }

  private static List<MessageField> featureData(int index) {
    int at = Feature.SIZE;
    return switch (index) {
      case Feature.MIGRATION -> List.of(flags("features", at, "stop_copy", "p2p", "pre_copy"));
      case Feature.MIG_DEVICE_STATE -> List.of(state("state", at), u32("data_fd", at + 4));
      case Feature.DMA_LOGGING_START -> List.of(u64("page_size", at + DmaLoggingControl.PAGE_SIZE),
          u32("num_ranges", at + DmaLoggingControl.NUM_RANGES));
      case Feature.DMA_LOGGING_REPORT -> List.of(hex("iova", at + DmaLoggingReport.IOVA),
          hex("length", at + DmaLoggingReport.LENGTH), u64("page_size", at + DmaLoggingReport.PAGE_SIZE));
      case Feature.MIG_DATA_SIZE -> List.of(u64("stop_copy_length", at));
      case Feature.PRE_COPY_INFO -> List.of(u64("initial_bytes", at + PreCopyInfoData.INITIAL_BYTES),
          u64("dirty_bytes", at + PreCopyInfoData.DIRTY_BYTES),
          flags("info", at + PreCopyInfoData.FLAGS, "reinit"));
      default -> List.of();
    };
  }
}
