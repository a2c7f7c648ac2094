// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads and writes the fields of a migration region, as its user. */
final class RegionFields {

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final String device;
  private final MigrationRegionAccess region;
  // Eight bytes that anybody may use; the collector may have them when nobody does any more.
  private final MemorySegment scratch = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

  RegionFields(String device, MigrationRegionAccess region) {
    this.device = device;
    this.region = region;
  }

  private MemorySegment of(MigrationRegionField field) {
    return scratch.asSlice(0, field.width());
  }

  private long readLong(MigrationRegionField field) throws DeviceException {
    region.read(field.offset(), of(field));
    return scratch.get(U64, 0);
  }

  /** Reads where the device is. */
  DeviceStateV1 readState() throws DeviceException {
    region.read(MigrationRegionField.DEVICE_STATE.offset(), of(MigrationRegionField.DEVICE_STATE));
    DeviceStateV1 state = new DeviceStateV1(scratch.get(U32, 0));
    if (!state.isValid()) {
      throw brokeProtocol("its device_state is " + state);
    }
    return state;
  }

  void writeState(DeviceStateV1 state) throws DeviceException {
    scratch.set(U32, 0, state.value());
    region.write(MigrationRegionField.DEVICE_STATE.offset(), of(MigrationRegionField.DEVICE_STATE));
  }

  /** Reads pending_bytes, which acknowledges the segment read before; at most {@link Long#MAX_VALUE}. */
  long readPending() throws DeviceException {
    long pending = readLong(MigrationRegionField.PENDING_BYTES);
    return pending < 0 ? Long.MAX_VALUE : pending;
  }

  /** Reads data_offset, which commits to a segment, and checks that data can lie there. */
  long readDataOffset() throws DeviceException {
    long offset = readLong(MigrationRegionField.DATA_OFFSET);
    if (offset < MigrationRegionLayout.HEADER_SIZE || offset >= region.size()) {
      throw brokeProtocol("its data_offset is 0x%x in a region of %d bytes".formatted(offset, region.size()));
    }
    return offset;
  }

  /** Reads data_size and checks that so much lies at an offset. */
  long readDataSize(long offset) throws DeviceException {
    long size = readLong(MigrationRegionField.DATA_SIZE);
    if (size < 0 || size > region.size() - offset) {
      throw brokeProtocol("its data_size is %s at 0x%x in a region of %d bytes"
          .formatted(Long.toUnsignedString(size), offset, region.size()));
    }
    return size;
  }

  void writeDataSize(long size) throws DeviceException {
    scratch.set(U64, 0, size);
    region.write(MigrationRegionField.DATA_SIZE.offset(), of(MigrationRegionField.DATA_SIZE));
  }

  void readData(long offset, MemorySegment into) throws DeviceException {
    region.read(offset, into);
  }

  void writeData(long offset, MemorySegment data) throws DeviceException {
    region.write(offset, data);
  }

  long regionSize() {
    return region.size();
  }

  String device() {
    return device;
  }

  DeviceException brokeProtocol(String what) {
    return new DeviceException(device, "migration region", Errno.EPROTO,
        "%s breaks version 1 of the migration protocol: %s".formatted(device, what), null);
  }
}
