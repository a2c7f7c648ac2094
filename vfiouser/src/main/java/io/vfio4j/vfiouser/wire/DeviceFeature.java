// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static io.vfio4j.vfiouser.wire.MessageField.flags;
import static io.vfio4j.vfiouser.wire.MessageField.hex;
import static io.vfio4j.vfiouser.wire.MessageField.state;
import static io.vfio4j.vfiouser.wire.MessageField.u32;
import static io.vfio4j.vfiouser.wire.MessageField.u64;

import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.PreCopyInfoData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The features of DEVICE_FEATURE: number, operations, and the fields of the data. */
public enum DeviceFeature {
  MIGRATION(Feature.MIGRATION, Feature.GET, flags("features", Feature.SIZE, "stop_copy", "p2p", "pre_copy")),
  MIG_DEVICE_STATE(Feature.MIG_DEVICE_STATE, Feature.GET | Feature.SET, state("state", Feature.SIZE).logged(),
      u32("data_fd", Feature.SIZE + 4)),
  DMA_LOGGING_START(Feature.DMA_LOGGING_START, Feature.SET,
      u64("page_size", Feature.SIZE + DmaLoggingControl.PAGE_SIZE),
      u32("num_ranges", Feature.SIZE + DmaLoggingControl.NUM_RANGES)),
  DMA_LOGGING_STOP(Feature.DMA_LOGGING_STOP, Feature.SET),
  DMA_LOGGING_REPORT(Feature.DMA_LOGGING_REPORT, Feature.GET,
      hex("iova", Feature.SIZE + DmaLoggingReport.IOVA),
      hex("length", Feature.SIZE + DmaLoggingReport.LENGTH),
      u64("page_size", Feature.SIZE + DmaLoggingReport.PAGE_SIZE)),
  MIG_DATA_SIZE(Feature.MIG_DATA_SIZE, Feature.GET, u64("stop_copy_length", Feature.SIZE)),
  /** A vfio4j extension. */
  PRE_COPY_INFO(Feature.PRE_COPY_INFO, Feature.GET,
      u64("initial_bytes", Feature.SIZE + PreCopyInfoData.INITIAL_BYTES),
      u64("dirty_bytes", Feature.SIZE + PreCopyInfoData.DIRTY_BYTES),
      flags("info", Feature.SIZE + PreCopyInfoData.FLAGS, "reinit")),
  /** A vfio4j extension. */
  STATE_LAYOUT(Feature.STATE_LAYOUT, Feature.GET, u32("length", Feature.SIZE));

  /** Not {@link #values}, which allocates an array for each request. */
  private static final DeviceFeature[] ALL = values();

  private final int index;
  private final int operations;
  @SuppressWarnings("ImmutableEnumChecker") // An immutable list of records.
  private final List<MessageField> data;

  /**
   * Declares a feature.
   *
   * @param index its number, a u16
   * @param operations {@link Feature#GET}, {@link Feature#SET} or both
   * @param data the fields of its data, with their offsets in the body of DEVICE_FEATURE
   */
  DeviceFeature(int index, int operations, MessageField... data) {
    this.index = index;
    this.operations = operations;
    this.data = List.of(data);
  }

  public int index() {
    return index;
  }

  public int operations() {
    return operations;
  }

  /** Returns the feature with a number from a peer, or null if there is none. */
  public static @Nullable DeviceFeature fromIndex(int index) {
    for (DeviceFeature feature : ALL) {
      if (feature.index == index) {
        return feature;
      }
    }
    return null;
  }

  /** Returns the fields of a DEVICE_FEATURE message: the head, then the data of its feature. */
  static List<MessageField> fields(MemorySegment body) {
    List<MessageField> fields = new ArrayList<>();
    fields.add(MessageField.ARGSZ);
    fields.add(MessageField.text("flags", Feature.FLAGS, DeviceFeature::describeFlags).logged());
    if (body.byteSize() >= Feature.SIZE) {
      int flags = body.get(LittleEndian.U32, Feature.FLAGS);
      DeviceFeature feature = fromIndex(flags & Feature.INDEX_MASK);
      if (feature != null && (flags & Feature.PROBE) == 0) {
        fields.addAll(feature.data);
      }
    }
    return fields;
  }

  private static String describeFlags(long flags) {
    List<String> words = new ArrayList<>();
    int index = (int) flags & Feature.INDEX_MASK;
    DeviceFeature feature = fromIndex(index);
    words.add(feature == null ? "feature " + index : feature.name());
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
}
