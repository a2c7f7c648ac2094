// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.stream.Hello.Device;
import io.vfio4j.engine.util.Units;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The fields of a device in a HELLO, in the order in which a comparison lists them. */
public final class DeviceFields {

  public static final FieldSet<Device> SET = new FieldSet<>(Device::values);

  private static final int NAME_BYTES = 256;
  private static final int SEGMENTS_FIXED = 1;

  /** The device's address, for messages. */
  static final Field<Device, String> NAME = SET.declare(4, "name", FieldCodec.text(NAME_BYTES)).field();

  static final Field<Device, Ids> IDS =
      SET.declare(1, "ids", FieldCodec.required(Ids.BYTES, DeviceFields::writeIds, DeviceFields::readIds))
          .mandatory()
          .compared("ids", ids -> ids.identity("", "").ids(), DeviceFields::kindMismatch)
          .shown("class", ids -> "%06x".formatted(ids.classCode())).field();

  /** The driver or server of the device, for messages. */
  static final Field<Device, String> DRIVER = SET.declare(5, "driver", FieldCodec.text(NAME_BYTES))
      .shown("driver", text -> text).field();

  static final Field<Device, MigrationFeatures> FEATURES =
      SET.declare(2, "features",
          FieldCodec.required(Long.BYTES, (into, features) -> into.putLong(features.flags()),
              from -> MigrationFeatures.fromFlags(from.getLong())))
          .mandatory()
          .requires(DeviceFields::notMigratable)
          .shown("features", MigrationFeatures::toString).field();

  /** The segments of a device driven by version 1 of the migration interface. */
  static final Field<Device, Optional<Segmentation>> SEGMENTATION =
      SET.declare(6, "segments",
          FieldCodec.optional(Long.BYTES + Integer.BYTES, DeviceFields::writeSegments,
              DeviceFields::readSegments))
          .compared("interface", DeviceFields::interfaceText, DeviceFields::segmentMismatch).field();

  /** The current state; not sent if it does not matter, because the device may be reset. */
  static final Field<Device, Optional<DeviceState>> STATE = SET.declare(7, "state",
      FieldCodec.optional(Integer.BYTES, (into, state) -> into.putInt(state.wireValue()),
          DeviceFields::readState))
      .requires(DeviceFields::notRunning)
      .shown("state", state -> state.map(Enum::name).orElse("")).field();

  /** What the saved state must match; not sent if the device does not report it, or its text is too long. */
  static final Field<Device, Optional<StateLayout>> LAYOUT = SET.declare(8, "layout",
      new SingleField<>(0, StateLayout.MAX_BYTES, Optional.of(Optional.<StateLayout>empty()),
          layout -> layout.flatMap(StateLayout::text),
          (into, text) -> PeerText.write(into, text, StateLayout.MAX_BYTES),
          from -> StateLayout.parse(PeerText.read(from))))
      .compared("layout", layout -> layout.flatMap(StateLayout::text).orElse(""),
          DeviceFields::layoutMismatch)
      .field();

  /** An estimate of the stop-copy data, in bytes. */
  static final Field<Device, OptionalLong> STOP_COPY_LENGTH =
      SET.declare(3, "stop-copy length", FieldCodec.optionalU64()).shown("size", DeviceFields::sizeText)
          .field();

  private DeviceFields() {
  }

  /** The ids of the PCI configuration space. */
  record Ids(int vendor, int device, int subsystemVendor, int subsystem, int classCode) {

    static final int BYTES = 12;

    static Ids of(DeviceIdentity identity) {
      return new Ids(identity.vendorId(), identity.deviceId(), identity.subsystemVendorId(),
          identity.subsystemId(), identity.classCode());
    }

    DeviceIdentity identity(String name, String driver) {
      return new DeviceIdentity(name, vendor, device, subsystemVendor, subsystem, classCode, driver);
    }
  }

  private static void writeIds(ByteBuffer into, Ids ids) {
    into.putShort((short) ids.vendor()).putShort((short) ids.device())
        .putShort((short) ids.subsystemVendor()).putShort((short) ids.subsystem()).putInt(ids.classCode());
  }

  private static Ids readIds(ByteBuffer from) {
    return new Ids(Short.toUnsignedInt(from.getShort()), Short.toUnsignedInt(from.getShort()),
        Short.toUnsignedInt(from.getShort()), Short.toUnsignedInt(from.getShort()), from.getInt());
  }

  private static Optional<String> kindMismatch(Device source, Device target) {
    DeviceIdentity ours = source.identity();
    DeviceIdentity theirs = target.identity();
    return ours.isSameKind(theirs) ? Optional.empty()
        : Optional.of("the devices differ: %s is %s, %s is %s".formatted(ours.name(), ours.ids(),
            theirs.name(), theirs.ids()));
  }

  private static Optional<String> notMigratable(Device device) {
    return device.features().canMigrate() ? Optional.empty()
        : Optional.of(device.identity().name() + " offers no migration (no STOP_COPY)");
  }

  private static void writeSegments(ByteBuffer into, Segmentation segments) {
    into.putLong(segments.maxLength()).putInt(segments.isFixed() ? SEGMENTS_FIXED : 0);
  }

  private static Segmentation readSegments(ByteBuffer from) throws StreamException {
    long maxLength = from.getLong();
    int flags = from.getInt();
    if (maxLength < 1 || (flags & ~SEGMENTS_FIXED) != 0) {
      throw new StreamException("the hello has segments of %s bytes, flags 0x%x"
          .formatted(Long.toUnsignedString(maxLength), flags));
    }
    return new Segmentation(maxLength, flags == SEGMENTS_FIXED);
  }

  private static String interfaceText(Optional<Segmentation> segmentation) {
    return "version " + version(segmentation)
        + segmentation.map(segments -> ", %ssegments of up to %s"
            .formatted(segments.isFixed() ? "fixed " : "", Units.bytes(segments.maxLength()))).orElse("");
  }

  private static int version(Optional<Segmentation> segmentation) {
    return segmentation.isPresent() ? 1 : 2;
  }

  /** The state of version 1 of the interface is that of version 2 only if the segments are not fixed. */
  private static Optional<String> segmentMismatch(Device source, Device target) {
    if (!isFixed(source) && !isFixed(target)) {
      return Optional.empty();
    }
    String from = source.identity().name();
    String to = target.identity().name();
    if (source.segmentation().isEmpty() || target.segmentation().isEmpty()) {
      return Optional.of("""
          %s is driven by version %d of the migration interface and %s by version %d, and the state of one is not \
          known to be valid for the other""".formatted(from, version(source.segmentation()), to,
          version(target.segmentation())));
    }
    long longest = source.segmentation().get().maxLength();
    long room = target.segmentation().get().maxLength();
    return longest <= room ? Optional.empty()
        : Optional.of("%s may send segments of %d bytes, and the migration region of %s has room for %d"
            .formatted(from, longest, to, room));
  }

  private static boolean isFixed(Device device) {
    return device.segmentation().filter(Segmentation::isFixed).isPresent();
  }

  private static DeviceState readState(ByteBuffer from) throws StreamException {
    int number = from.getInt();
    return DeviceState.fromWire(number).orElseThrow(() -> new StreamException(
        "the hello has a device in unknown state %s".formatted(Integer.toUnsignedString(number))));
  }

  private static Optional<String> notRunning(Device device) {
    return device.state().filter(state -> state != DeviceState.RUNNING)
        .map(state -> "%s is in %s; a migration begins in RUNNING".formatted(device.identity().name(),
            state));
  }

  /** The target's device would refuse any other state, but only when it leaves RESUMING. */
  private static Optional<String> layoutMismatch(Device source, Device target) {
    if (source.layout().isEmpty() || target.layout().isEmpty()) {
      return Optional.empty();
    }
    List<String> mismatches = source.layout().get().mismatches(target.layout().get());
    return mismatches.isEmpty() ? Optional.empty()
        : Optional.of("%s does not accept the state of %s: %s".formatted(target.identity().name(),
            source.identity().name(), String.join("; ", mismatches)));
  }

  private static String sizeText(OptionalLong stopCopyLength) {
    return stopCopyLength.isPresent() ? "about " + Units.bytes(stopCopyLength.getAsLong()) : "";
  }
}
