// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.v1.DeviceStateV1;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Reads and writes the fields of a migration region, as its user. Thread-safe. */
final class RegionFields {

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final String device;
  private final MigrationRegionAccess region;
  // Guards scratch.
  private final Lock lock = new ReentrantLock();
  /** Guarded by {@link #lock}. Freed by the garbage collector, since this class has no close. */
  private final MemorySegment scratch = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

  RegionFields(String device, MigrationRegionAccess region) {
    this.device = device;
    this.region = region;
  }

  private MemorySegment scratchFor(MigrationRegionField field) {
    return scratch.asSlice(0, field.width());
  }

  private long read(MigrationRegionField field) throws DeviceException {
    lock.lock();
    try {
      region.read(field.offset(), scratchFor(field));
      return field.width() == Integer.BYTES ? scratch.get(U32, 0) : scratch.get(U64, 0);
    } finally {
      lock.unlock();
    }
  }

  private void write(MigrationRegionField field, long value) throws DeviceException {
    lock.lock();
    try {
      scratch.set(U64, 0, value);
      region.write(field.offset(), scratchFor(field));
    } finally {
      lock.unlock();
    }
  }

  /** Reads device_state, which must be valid. */
  DeviceStateV1 readState() throws DeviceException {
    DeviceStateV1 state = new DeviceStateV1((int) read(MigrationRegionField.DEVICE_STATE));
    if (!state.isValid()) {
      throw protocolError("its device_state is " + state);
    }
    return state;
  }

  void writeState(DeviceStateV1 state) throws DeviceException {
    write(MigrationRegionField.DEVICE_STATE, state.value());
  }

  /** Reads pending_bytes, at most {@link Long#MAX_VALUE}. This acknowledges the segment read before. */
  long readPending() throws DeviceException {
    long pending = read(MigrationRegionField.PENDING_BYTES);
    return pending < 0 ? Long.MAX_VALUE : pending;
  }

  /** Reads data_offset, which must lie behind the header and within the region. This commits to a segment. */
  long readDataOffset() throws DeviceException {
    long offset = read(MigrationRegionField.DATA_OFFSET);
    if (offset < MigrationRegionLayout.HEADER_SIZE || offset >= region.size()) {
      throw protocolError("its data_offset is 0x%x in a region of %d bytes".formatted(offset, region.size()));
    }
    return offset;
  }

  /** Reads data_size, which must not exceed the region from an offset on. */
  long readDataSize(long offset) throws DeviceException {
    long size = read(MigrationRegionField.DATA_SIZE);
    if (size < 0 || size > region.size() - offset) {
      throw protocolError("its data_size is %s at 0x%x in a region of %d bytes"
          .formatted(Long.toUnsignedString(size), offset, region.size()));
    }
    return size;
  }

  void writeDataSize(long size) throws DeviceException {
    write(MigrationRegionField.DATA_SIZE, size);
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

  DeviceException protocolError(String violation) {
    return new DeviceException(device, "migration region", Errno.EPROTO,
        "%s violates version 1 of the migration protocol: %s".formatted(device, violation), null);
  }
}
