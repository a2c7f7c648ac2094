// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a side introduces itself: its devices, whose order gives their numbers, and what it wants or grants.
 *
 * @param devices at least one
 * @param memory regions of memory, whose order at the source gives their numbers
 * @param channels the further connections that the source is going to make; empty for none
 * @param acknowledgesInitialData whether the side knows the acknowledgement of initial data
 * @param migration the migration, as both sides' journals name it; a target does not say it, nor does an old source
 * @param compression how the source may compress bulk; empty for not at all
 * @param dryRun whether the source only wants to hear what the target has
 * @param program what speaks, and its version, for people; empty where it does not say
 */
public record Hello(List<Device> devices, List<HelloRegion> memory, Optional<Channels> channels,
    boolean acknowledgesInitialData, Optional<MigrationId> migration,
    Optional<CompressionAlgorithm> compression,
    boolean dryRun, String program) {

  /** More devices than this are refused. */
  static final int MAX_DEVICES = DeviceSet.MAX_DEVICES;

  private static final int NAME_BYTES = 256;

  private static final int TAG_DEVICE = 1;
  private static final int TAG_CHANNELS = 3;
  private static final int TAG_ACKNOWLEDGES = 4;
  private static final int TAG_MIGRATION = 5;
  private static final int TAG_DRY_RUN = 6;
  private static final int TAG_PROGRAM = 7;
  private static final int TAG_COMPRESSION = 8;
  private static final int LAST_TAG = TAG_COMPRESSION;

  private static final int TAG_IDS = 1;
  private static final int TAG_FEATURES = 2;
  private static final int TAG_STOP_COPY_LENGTH = 3;
  private static final int TAG_NAME = 4;
  private static final int TAG_DRIVER = 5;
  private static final int TAG_SEGMENTS = 6;
  private static final int TAG_STATE = 7;
  private static final int TAG_LAYOUT = 8;
  private static final int LAST_DEVICE_TAG = TAG_LAYOUT;

  private static final int SEGMENTS_BYTES = 12;
  private static final int SEGMENTS_FIXED = 1;

  public Hello {
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** Returns how this program introduces what a side has, and nothing that it wants. */
  public static Hello of(List<Device> devices, List<HelloRegion> memory) {
    return new Hello(devices, memory, Optional.empty(), false, Optional.empty(), Optional.empty(), false,
        Program.NAME);
  }

  /** Returns the same with a migration that it begins, and the connections for that. */
  public Hello withMigration(MigrationId begun, Optional<Channels> wanted) {
    return new Hello(devices, memory, wanted, acknowledgesInitialData, Optional.of(begun), compression,
        dryRun, program);
  }

  /** Returns the same of a side that knows the acknowledgement of initial data, or does not. */
  public Hello withAcknowledgement(boolean known) {
    return new Hello(devices, memory, channels, known, migration, compression, dryRun, program);
  }

  /** Returns the same of a source that compresses, or does not. */
  public Hello withCompression(Optional<CompressionAlgorithm> algorithm) {
    return new Hello(devices, memory, channels, acknowledgesInitialData, migration, algorithm, dryRun,
        program);
  }

  /** Returns the same of a source that wants nothing but the answer. */
  public Hello asDryRun() {
    return new Hello(devices, memory, channels, acknowledgesInitialData, migration, compression, true,
        program);
  }

  /**
   * A device, as it is introduced.
   *
   * @param state where it is now; empty where its side does not say
   * @param layout what its saved state has to agree with; empty where its side does not say
   */
  public record Device(DeviceIdentity identity, MigrationFeatures features, OptionalLong stopCopyLength,
      Optional<Segmentation> segmentation, Optional<DeviceState> state, Optional<StateLayout> layout) {

    public static Device of(MigratableDevice device, DeviceState state) throws DeviceException {
      return new Device(device.identity(), device.features(), device.stopCopyLength(),
          device.segmentation(), Optional.of(state), device.stateLayout());
    }

    /** Returns the same, which does not say where it is. */
    public Device withoutState() {
      return new Device(identity, features, stopCopyLength, segmentation, Optional.empty(), layout);
    }

    private void write(ByteBuffer into) {
      int ids = TagLengthValue.beginField(into, TAG_IDS, true);
      into.putShort((short) identity.vendorId()).putShort((short) identity.deviceId())
          .putShort((short) identity.subsystemVendorId()).putShort((short) identity.subsystemId())
          .putInt(identity.classCode());
      TagLengthValue.endField(into, ids);
      int flags = TagLengthValue.beginField(into, TAG_FEATURES, true);
      TagLengthValue.endField(into.putLong(features.flags()), flags);
      if (stopCopyLength.isPresent()) {
        int size = TagLengthValue.beginField(into, TAG_STOP_COPY_LENGTH, false);
        TagLengthValue.endField(into.putLong(stopCopyLength.getAsLong()), size);
      }
      TagLengthValue.writeText(into, TAG_NAME, identity.name(), NAME_BYTES);
      TagLengthValue.writeText(into, TAG_DRIVER, identity.driver(), NAME_BYTES);
      if (segmentation.isPresent()) {
        int segments = TagLengthValue.beginField(into, TAG_SEGMENTS, false);
        into.putLong(segmentation.get().maxLength())
            .putInt(segmentation.get().isFixed() ? SEGMENTS_FIXED : 0);
        TagLengthValue.endField(into, segments);
      }
      if (state.isPresent()) {
        int where = TagLengthValue.beginField(into, TAG_STATE, false);
        TagLengthValue.endField(into.putInt(state.get().wireValue()), where);
      }
      layout.flatMap(StateLayout::text)
          .ifPresent(text -> TagLengthValue.writeText(into, TAG_LAYOUT, text, StateLayout.MAX_BYTES));
    }

    private static Device read(ByteBuffer from) throws StreamException {
      TagLengthValue.Fields fields = TagLengthValue.readAll(from, LAST_DEVICE_TAG);
      ByteBuffer ids = fields.required(TAG_IDS, 12);
      int vendor = Short.toUnsignedInt(ids.getShort());
      int device = Short.toUnsignedInt(ids.getShort());
      int subsystemVendor = Short.toUnsignedInt(ids.getShort());
      int subsystem = Short.toUnsignedInt(ids.getShort());
      int classCode = ids.getInt();
      DeviceIdentity identity = new DeviceIdentity(fields.text(TAG_NAME, NAME_BYTES), vendor, device,
          subsystemVendor, subsystem, classCode, fields.text(TAG_DRIVER, NAME_BYTES));
      MigrationFeatures features =
          MigrationFeatures.fromFlags(fields.required(TAG_FEATURES, Long.BYTES).getLong());
      return new Device(identity, features, fields.optionalLong(TAG_STOP_COPY_LENGTH), segmentation(fields),
          state(fields), StateLayout.parse(fields.text(TAG_LAYOUT, StateLayout.MAX_BYTES)));
    }

    private static Optional<DeviceState> state(TagLengthValue.Fields fields) throws StreamException {
      Optional<ByteBuffer> field = fields.optional(TAG_STATE, Integer.BYTES);
      if (field.isEmpty()) {
        return Optional.empty();
      }
      int number = field.get().getInt();
      return Optional.of(DeviceState.fromWire(number).orElseThrow(() -> new StreamException(
          "the hello has a device in state %s, which is none".formatted(Integer.toUnsignedString(number)))));
    }

    private static Optional<Segmentation> segmentation(TagLengthValue.Fields fields) throws StreamException {
      Optional<ByteBuffer> field = fields.optional(TAG_SEGMENTS, SEGMENTS_BYTES);
      if (field.isEmpty()) {
        return Optional.empty();
      }
      long longest = field.get().getLong();
      int flags = field.get().getInt();
      if (longest < 1 || (flags & ~SEGMENTS_FIXED) != 0) {
        throw new StreamException("the hello has segments of %s bytes, flags 0x%x"
            .formatted(Long.toUnsignedString(longest), flags));
      }
      return Optional.of(new Segmentation(longest, flags == SEGMENTS_FIXED));
    }
  }

  /**
   * The connections besides the first: either none or one for each device, and then those for memory.
   *
   * @param migration what a connection that belongs to this migration begins with
   * @param devices how many are for devices
   * @param memory how many are for memory
   */
  public record Channels(MigrationId migration, int devices, int memory) {

    /** More connections for memory than this are refused. */
    static final int MAX_MEMORY = MigrationOptions.MAX_CHANNELS;

    private static final int BYTES = MigrationId.BYTES + 2 * Short.BYTES;

    public int count() {
      return devices + memory;
    }

    private void write(ByteBuffer into) {
      migration.put(into);
      into.putShort((short) devices).putShort((short) memory);
    }

    private static Channels read(ByteBuffer from, int deviceCount) throws StreamException {
      MigrationId migration = MigrationId.take(from);
      int devices = Short.toUnsignedInt(from.getShort());
      int memory = Short.toUnsignedInt(from.getShort());
      if ((devices != 0 && devices != deviceCount) || memory > MAX_MEMORY) {
        throw new StreamException("the hello has %d connections for %d devices, and %d for memory"
            .formatted(devices, deviceCount, memory));
      }
      return new Channels(migration, devices, memory);
    }
  }

  void write(ByteBuffer into) {
    for (Device device : devices) {
      int start = TagLengthValue.beginField(into, TAG_DEVICE, true);
      device.write(into);
      TagLengthValue.endField(into, start);
    }
    memory.forEach(region -> region.write(into));
    if (channels.isPresent()) {
      int start = TagLengthValue.beginField(into, TAG_CHANNELS, true);
      channels.get().write(into);
      TagLengthValue.endField(into, start);
    }
    if (acknowledgesInitialData) {
      TagLengthValue.endField(into, TagLengthValue.beginField(into, TAG_ACKNOWLEDGES, false));
    }
    if (migration.isPresent()) {
      int start = TagLengthValue.beginField(into, TAG_MIGRATION, false);
      migration.get().put(into);
      TagLengthValue.endField(into, start);
    }
    if (dryRun) {
      TagLengthValue.endField(into, TagLengthValue.beginField(into, TAG_DRY_RUN, true));
    }
    TagLengthValue.writeText(into, TAG_PROGRAM, program, NAME_BYTES);
    if (compression.isPresent()) {
      int start = TagLengthValue.beginField(into, TAG_COMPRESSION, true);
      TagLengthValue.endField(into.putInt(compression.get().wireValue()), start);
    }
  }

  public static Hello read(ByteBuffer from) throws StreamException {
    List<Device> devices = new ArrayList<>();
    List<HelloRegion> memory = new ArrayList<>();
    TagLengthValue.UniqueFields once = new TagLengthValue.UniqueFields(LAST_TAG);
    while (from.hasRemaining()) {
      TagLengthValue.Field field = TagLengthValue.readField(from);
      switch (field.tag()) {
        case TAG_DEVICE -> {
          if (devices.size() == MAX_DEVICES) {
            throw new StreamException("the hello has more than " + MAX_DEVICES + " devices");
          }
          if (!memory.isEmpty()) {
            throw new StreamException("the hello has a device after memory");
          }
          devices.add(Device.read(field.value()));
        }
        case HelloRegion.TAG_REGION -> {
          if (memory.size() == RegionRules.MAX_REGIONS) {
            throw new StreamException("the hello has more than " + RegionRules.MAX_REGIONS + " regions");
          }
          memory.add(HelloRegion.read(field.value()));
        }
        case TAG_CHANNELS, TAG_ACKNOWLEDGES, TAG_MIGRATION, TAG_DRY_RUN, TAG_PROGRAM, TAG_COMPRESSION ->
          once.add(field);
        default -> field.requireOptional();
      }
    }
    if (devices.isEmpty()) {
      throw new StreamException("the hello has no device");
    }
    TagLengthValue.Fields fields = once.fields();
    Optional<ByteBuffer> channels = fields.optional(TAG_CHANNELS, Channels.BYTES);
    return new Hello(devices, HelloRegion.checkAll(memory),
        channels.isPresent()
            ? Optional.of(Channels.read(channels.get(), devices.size()))
            : Optional.empty(),
        fields.optional(TAG_ACKNOWLEDGES, 0).isPresent(),
        fields.optional(TAG_MIGRATION, MigrationId.BYTES).map(MigrationId::take),
        compression(fields), fields.optional(TAG_DRY_RUN, 0).isPresent(),
        fields.text(TAG_PROGRAM, NAME_BYTES));
  }

  /** Checks that it has no field that is the other side's alone, and returns it. */
  public Hello requireFrom(Side side) throws StreamException {
    boolean isOfTheOther = side == Side.SOURCE
        ? memory.stream().anyMatch(region -> region.space().isPresent())
        : channels.isPresent() || migration.isPresent() || compression.isPresent() || dryRun;
    if (isOfTheOther) {
      throw new StreamException(
          "the hello of the %s has a field that only the other side may send".formatted(side));
    }
    return this;
  }

  private static Optional<CompressionAlgorithm> compression(TagLengthValue.Fields fields)
      throws StreamException {
    Optional<ByteBuffer> field = fields.optional(TAG_COMPRESSION, Integer.BYTES);
    if (field.isEmpty()) {
      return Optional.empty();
    }
    int value = field.get().getInt();
    return Optional.of(CompressionAlgorithm.fromWire(value).orElseThrow(() -> new StreamException(
        "the hello has compression %s, which is unknown here".formatted(Integer.toUnsignedString(value)))));
  }
}
