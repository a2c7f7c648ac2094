// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.region.MigrationRegionLayout;
import io.vfio4j.model.v1.DeviceStateV1;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A migration region of version 1, accessed directly, with values that {@link io.vfio4j.model.region} would
 * not write.
 */
final class RawMigrationRegion {

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final MigrationRegionAccess region;
  private final boolean ndma;
  private final MemorySegment buffer;

  private RawMigrationRegion(MigrationRegionAccess region, boolean ndma, MemorySegment buffer) {
    this.region = region;
    this.ndma = ndma;
    this.buffer = buffer;
  }

  /** Returns the region of the device under test. */
  static RawMigrationRegion of(CheckContext context) throws VerdictException {
    var probe = context.require(DeviceProbe.MigrationRegionProbe.class, "access the migration region");
    MigrationRegionAccess region = probe.migrationRegion()
        .orElseThrow(() -> VerdictException.notApplicable("the device has no migration region"));
    return new RawMigrationRegion(region, probe.hasNdma(), context.sessionIo().fullBuffer());
  }

  boolean hasNdma() {
    return ndma;
  }

  long size() {
    return region.size();
  }

  void read(long offset, int width) throws DeviceException {
    region.read(offset, buffer.asSlice(0, width));
  }

  /** Writes zeros. */
  void writeZeros(long offset, int width) throws DeviceException {
    region.write(offset, buffer.asSlice(0, width).fill((byte) 0));
  }

  private long get(MigrationRegionField field) throws DeviceException {
    read(field.offset(), field.width());
    return field.width() == Integer.BYTES ? Integer.toUnsignedLong(buffer.get(U32, 0)) : buffer.get(U64, 0);
  }

  void set(MigrationRegionField field, long value) throws DeviceException {
    buffer.set(U64, 0, value);
    region.write(field.offset(), buffer.asSlice(0, field.width()));
  }

  long reserved() throws DeviceException {
    return get(MigrationRegionField.RESERVED);
  }

  /** Returns the field device_state, valid or not. */
  DeviceStateV1 state() throws DeviceException {
    return new DeviceStateV1((int) get(MigrationRegionField.DEVICE_STATE));
  }

  void write(DeviceStateV1 state) throws DeviceException {
    set(MigrationRegionField.DEVICE_STATE, Integer.toUnsignedLong(state.value()));
  }

  long pendingBytes() throws DeviceException {
    return get(MigrationRegionField.PENDING_BYTES);
  }

  /** Reads data_offset, which must lie behind the header and within the region. */
  long dataOffset() throws VerdictException, DeviceException {
    long offset = get(MigrationRegionField.DATA_OFFSET);
    if (offset < MigrationRegionLayout.HEADER_SIZE || offset >= region.size()) {
      throw VerdictException.blocked(CheckIds.V1_DATA_PLACE,
          "data_offset of at least %d, within the region of %d bytes".formatted(
              MigrationRegionLayout.HEADER_SIZE,
              size()),
          Long.toUnsignedString(offset));
    }
    return offset;
  }

  /** Reads data_size, which must not exceed the region from an offset on. */
  int dataSize(long offset) throws VerdictException, DeviceException {
    long size = get(MigrationRegionField.DATA_SIZE);
    if (size < 0 || size > region.size() - offset) {
      throw VerdictException.blocked(CheckIds.V1_DATA_PLACE,
          "data_size of at most %d bytes at %d".formatted(region.size() - offset, offset),
          Long.toUnsignedString(size));
    }
    if (size > Integer.MAX_VALUE) {
      throw VerdictException
          .notApplicable("a segment has %d bytes, more than the suite keeps".formatted(size));
    }
    return (int) size;
  }

  /** Reads a part of a segment, in accesses of at most {@code access} bytes. */
  byte[] readData(long offset, int size, int access) throws DeviceException {
    byte[] data = new byte[size];
    int chunk = (int) Math.min(access, buffer.byteSize());
    for (int at = 0; at < size; at += chunk) {
      int count = Math.min(chunk, size - at);
      read(offset + at, count);
      MemorySegment.copy(buffer, 0, MemorySegment.ofArray(data), at, count);
    }
    return data;
  }

  /** Writes a segment at the data_offset that was read, and then its data_size. */
  void write(long offset, byte[] data) throws DeviceException {
    for (int at = 0; at < data.length; at += (int) buffer.byteSize()) {
      int count = (int) Math.min(buffer.byteSize(), data.length - at);
      MemorySegment.copy(MemorySegment.ofArray(data), at, buffer, 0, count);
      region.write(offset + at, buffer.asSlice(0, count));
    }
    set(MigrationRegionField.DATA_SIZE, data.length);
  }
}
