// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
 * @param acknowledges whether the side knows the acknowledgement of initial data
 * @param session the migration, as both sides' journals name it; a target does not say it, nor does an old source
 * @param compression how the source may compress bulk; empty for not at all
 * @param comparesOnly whether the source only wants to hear what the target has
 * @param program what speaks, and its version, for people; empty where it does not say
 */
record Hello(List<Device> devices, List<HelloRegion> memory, Optional<Channels> channels,
    boolean acknowledges, Optional<Session> session, Optional<CompressionAlgorithm> compression,
    boolean comparesOnly, String program) {

  /** More devices than this are refused. */
  static final int MAX_DEVICES = Ensemble.MAX_DEVICES;

  private static final int NAME_BYTES = 256;

  private static final int TAG_DEVICE = 1;
  private static final int TAG_CHANNELS = 3;
  private static final int TAG_ACKNOWLEDGES = 4;
  private static final int TAG_SESSION = 5;
  private static final int TAG_COMPARES_ONLY = 6;
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

  Hello {
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** Returns how this program introduces what a side has, and nothing that it wants. */
  static Hello of(List<Device> devices, List<HelloRegion> memory) {
    return new Hello(devices, memory, Optional.empty(), false, Optional.empty(), Optional.empty(), false,
        Program.NAME);
  }

  /** Returns the same with a migration that it begins, and the connections for that. */
  Hello withSession(Session begun, Optional<Channels> wanted) {
    return new Hello(devices, memory, wanted, acknowledges, Optional.of(begun), compression,
        comparesOnly, program);
  }

  /** Returns the same of a side that knows the acknowledgement of initial data, or does not. */
  Hello withAcknowledgement(boolean known) {
    return new Hello(devices, memory, channels, known, session, compression, comparesOnly, program);
  }

  /** Returns the same of a source that compresses, or does not. */
  Hello withCompression(Optional<CompressionAlgorithm> algorithm) {
    return new Hello(devices, memory, channels, acknowledges, session, algorithm, comparesOnly, program);
  }

  /** Returns the same of a source that wants nothing but the answer. */
  Hello toCompareOnly() {
    return new Hello(devices, memory, channels, acknowledges, session, compression, true, program);
  }

  /**
   * A device, as it is introduced.
   *
   * @param state where it is now; empty where its side does not say
   * @param layout what its saved state has to agree with; empty where its side does not say
   */
  record Device(DeviceIdentity identity, MigrationFeatures features, OptionalLong stopCopyLength,
      Optional<Segmentation> segmentation, Optional<DeviceState> state, Optional<StateLayout> layout) {

    static Device of(MigratableDevice device, DeviceState state) throws DeviceException {
      return new Device(device.identity(), device.features(), device.stopCopyLength(),
          device.segmentation(), Optional.of(state), device.stateLayout());
    }

    /** Returns the same, which does not say where it is. */
    Device withoutState() {
      return new Device(identity, features, stopCopyLength, segmentation, Optional.empty(), layout);
    }

    private void put(ByteBuffer into) {
      int ids = TagLengthValue.begin(into, TAG_IDS, true);
      into.putShort((short) identity.vendorId()).putShort((short) identity.deviceId())
          .putShort((short) identity.subsystemVendorId()).putShort((short) identity.subsystemId())
          .putInt(identity.classCode());
      TagLengthValue.end(into, ids);
      int flags = TagLengthValue.begin(into, TAG_FEATURES, true);
      TagLengthValue.end(into.putLong(features.flags()), flags);
      if (stopCopyLength.isPresent()) {
        int size = TagLengthValue.begin(into, TAG_STOP_COPY_LENGTH, false);
        TagLengthValue.end(into.putLong(stopCopyLength.getAsLong()), size);
      }
      TagLengthValue.putText(into, TAG_NAME, identity.name(), NAME_BYTES);
      TagLengthValue.putText(into, TAG_DRIVER, identity.driver(), NAME_BYTES);
      if (segmentation.isPresent()) {
        int segments = TagLengthValue.begin(into, TAG_SEGMENTS, false);
        into.putLong(segmentation.get().maxLength())
            .putInt(segmentation.get().isFixed() ? SEGMENTS_FIXED : 0);
        TagLengthValue.end(into, segments);
      }
      if (state.isPresent()) {
        int where = TagLengthValue.begin(into, TAG_STATE, false);
        TagLengthValue.end(into.putInt(state.get().wireValue()), where);
      }
      layout.flatMap(StateLayout::text)
          .ifPresent(text -> TagLengthValue.putText(into, TAG_LAYOUT, text, StateLayout.MAX_BYTES));
    }

    private static Device take(ByteBuffer from) throws StreamException {
      TagLengthValue.Fields fields = TagLengthValue.take(from, LAST_DEVICE_TAG);
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
   * @param session what a connection that belongs to this migration begins with
   * @param devices how many are for devices
   * @param memory how many are for memory
   */
  record Channels(Session session, int devices, int memory) {

    /** More connections for memory than this are refused. */
    static final int MAX_MEMORY = MigrationOptions.MAX_CHANNELS;

    private static final int BYTES = Session.BYTES + 2 * Short.BYTES;

    int count() {
      return devices + memory;
    }

    private void put(ByteBuffer into) {
      session.put(into);
      into.putShort((short) devices).putShort((short) memory);
    }

    private static Channels take(ByteBuffer from, int deviceCount) throws StreamException {
      Session session = Session.take(from);
      int devices = Short.toUnsignedInt(from.getShort());
      int memory = Short.toUnsignedInt(from.getShort());
      if ((devices != 0 && devices != deviceCount) || memory > MAX_MEMORY) {
        throw new StreamException("the hello has %d connections for %d devices, and %d for memory"
            .formatted(devices, deviceCount, memory));
      }
      return new Channels(session, devices, memory);
    }
  }

  void put(ByteBuffer into) {
    for (Device device : devices) {
      int start = TagLengthValue.begin(into, TAG_DEVICE, true);
      device.put(into);
      TagLengthValue.end(into, start);
    }
    memory.forEach(region -> region.put(into));
    if (channels.isPresent()) {
      int start = TagLengthValue.begin(into, TAG_CHANNELS, true);
      channels.get().put(into);
      TagLengthValue.end(into, start);
    }
    if (acknowledges) {
      TagLengthValue.end(into, TagLengthValue.begin(into, TAG_ACKNOWLEDGES, false));
    }
    if (session.isPresent()) {
      int start = TagLengthValue.begin(into, TAG_SESSION, false);
      session.get().put(into);
      TagLengthValue.end(into, start);
    }
    if (comparesOnly) {
      TagLengthValue.end(into, TagLengthValue.begin(into, TAG_COMPARES_ONLY, true));
    }
    TagLengthValue.putText(into, TAG_PROGRAM, program, NAME_BYTES);
    if (compression.isPresent()) {
      int start = TagLengthValue.begin(into, TAG_COMPRESSION, true);
      TagLengthValue.end(into.putInt(compression.get().wireValue()), start);
    }
  }

  static Hello take(ByteBuffer from) throws StreamException {
    List<Device> devices = new ArrayList<>();
    List<HelloRegion> memory = new ArrayList<>();
    TagLengthValue.Once once = new TagLengthValue.Once(LAST_TAG);
    while (from.hasRemaining()) {
      TagLengthValue.Field field = TagLengthValue.takeField(from);
      switch (field.tag()) {
        case TAG_DEVICE -> {
          if (devices.size() == MAX_DEVICES) {
            throw new StreamException("the hello has more than " + MAX_DEVICES + " devices");
          }
          if (!memory.isEmpty()) {
            throw new StreamException("the hello has a device after memory");
          }
          devices.add(Device.take(field.value()));
        }
        case HelloRegion.TAG_REGION -> {
          if (memory.size() == RegionRules.MAX_REGIONS) {
            throw new StreamException("the hello has more than " + RegionRules.MAX_REGIONS + " regions");
          }
          memory.add(HelloRegion.take(field.value()));
        }
        case TAG_CHANNELS, TAG_ACKNOWLEDGES, TAG_SESSION, TAG_COMPARES_ONLY, TAG_PROGRAM, TAG_COMPRESSION ->
          once.keep(field);
        default -> field.passOver();
      }
    }
    if (devices.isEmpty()) {
      throw new StreamException("the hello has no device");
    }
    TagLengthValue.Fields fields = once.fields();
    Optional<ByteBuffer> channels = fields.optional(TAG_CHANNELS, Channels.BYTES);
    return new Hello(devices, HelloRegion.checkAll(memory),
        channels.isPresent()
            ? Optional.of(Channels.take(channels.get(), devices.size()))
            : Optional.empty(),
        fields.optional(TAG_ACKNOWLEDGES, 0).isPresent(),
        fields.optional(TAG_SESSION, Session.BYTES).map(Session::take),
        compression(fields), fields.optional(TAG_COMPARES_ONLY, 0).isPresent(),
        fields.text(TAG_PROGRAM, NAME_BYTES));
  }

  /** Checks that it has no field that is the other side's alone, and returns it. */
  Hello from(Side side) throws StreamException {
    boolean isOfTheOther = side == Side.SOURCE
        ? memory.stream().anyMatch(region -> region.room().isPresent())
        : channels.isPresent() || session.isPresent() || compression.isPresent() || comparesOnly;
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
