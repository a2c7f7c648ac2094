// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a side introduces itself: its devices, whose order gives their numbers.
 *
 * @param devices at least one
 */
record Hello(List<Device> devices) {

  /** More devices than this are refused. */
  static final int MAX_DEVICES = 64;

  private static final int NAME_BYTES = 256;

  private static final int TAG_DEVICE = 1;

  private static final int TAG_IDS = 1;
  private static final int TAG_FEATURES = 2;
  private static final int TAG_STOP_COPY_LENGTH = 3;
  private static final int TAG_NAME = 4;
  private static final int TAG_DRIVER = 5;
  private static final int TAG_SEGMENTS = 6;

  private static final int SEGMENTS_BYTES = 12;
  private static final int SEGMENTS_FIXED = 1;

  Hello {
    devices = List.copyOf(devices);
  }

  /** A device, as it is introduced. */
  record Device(DeviceIdentity identity, MigrationFeatures features, OptionalLong stopCopyLength,
      Optional<Segmentation> segmentation) {

    static Device of(MigratableDevice device) throws DeviceException {
      return new Device(device.identity(), device.features(), device.stopCopyLength(),
          device.segmentation());
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
      putText(into, TAG_NAME, identity.name());
      putText(into, TAG_DRIVER, identity.driver());
      if (segmentation.isPresent()) {
        int segments = TagLengthValue.begin(into, TAG_SEGMENTS, false);
        into.putLong(segmentation.get().longest()).putInt(segmentation.get().isFixed() ? SEGMENTS_FIXED : 0);
        TagLengthValue.end(into, segments);
      }
    }

    private static void putText(ByteBuffer into, int tag, String text) {
      int start = TagLengthValue.begin(into, tag, false);
      PeerText.put(into, text, NAME_BYTES);
      TagLengthValue.end(into, start);
    }

    private static Device take(ByteBuffer from) throws StreamException {
      TagLengthValue.Fields fields = TagLengthValue.take(from, TAG_SEGMENTS);
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
      return new Device(identity, features, fields.optionalLong(TAG_STOP_COPY_LENGTH), segmentation(fields));
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

  static Hello of(MigratableDevice device) throws DeviceException {
    return new Hello(List.of(Device.of(device)));
  }

  void put(ByteBuffer into) {
    for (Device device : devices) {
      int start = TagLengthValue.begin(into, TAG_DEVICE, true);
      device.put(into);
      TagLengthValue.end(into, start);
    }
  }

  static Hello take(ByteBuffer from) throws StreamException {
    List<Device> devices = new ArrayList<>();
    while (from.hasRemaining()) {
      TagLengthValue.Field field = TagLengthValue.takeField(from);
      if (field.tag() == TAG_DEVICE) {
        if (devices.size() == MAX_DEVICES) {
          throw new StreamException("the hello has more than " + MAX_DEVICES + " devices");
        }
        devices.add(Device.take(field.value()));
      } else {
        field.passOver();
      }
    }
    if (devices.isEmpty()) {
      throw new StreamException("the hello has no device");
    }
    return new Hello(devices);
  }

  /** Returns the only device. */
  Device onlyDevice() throws StreamException {
    if (devices.size() != 1) {
      throw new StreamException("%d devices at once; this version moves one".formatted(devices.size()));
    }
    return devices.getFirst();
  }
}
