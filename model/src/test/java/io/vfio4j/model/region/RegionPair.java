// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Both sides of a migration region; the user's accesses go directly to the device's side. */
final class RegionPair implements MigrationRegionAccess {

  static final int WINDOW_OFFSET = 64;

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  final StreamDevice device;
  final MigrationRegion region;
  final RegionMigratableDevice user;
  /** The sizes of the segments submitted to the device. */
  final List<Long> segmentsWritten = new ArrayList<>();
  final List<String> changes = new ArrayList<>();

  RegionPair(MigrationFeatures features, int windowSize, boolean ndma) {
    device = new StreamDevice(features);
    region = new MigrationRegion(device, Arena.ofAuto().allocate(windowSize), WINDOW_OFFSET, ndma,
        (from, to, reason) -> changes.add(from + " > " + to));
    user = new RegionMigratableDevice(device.identity(), this, FeaturesV1.all(ndma), Optional.empty(), true);
  }

  @Override
  public long size() {
    return region.size();
  }

  @Override
  public void read(long offset, MemorySegment into) throws DeviceException {
    try {
      region.read(offset, into);
    } catch (ErrnoException e) {
      throw failure(e);
    }
  }

  @Override
  public void write(long offset, MemorySegment data) throws DeviceException {
    try {
      region.write(offset, data);
      if (offset == MigrationRegionField.DATA_SIZE.offset()) {
        segmentsWritten.add(data.get(U64, 0));
      }
    } catch (ErrnoException e) {
      throw failure(e);
    }
  }

  private static DeviceException failure(ErrnoException e) {
    return new DeviceException("dev", "access", e.errno(), String.valueOf(e.getMessage()), e);
  }

  @Override
  public void reset() {
    device.reset();
    region.onReset("asked to");
  }

  @Override
  public void close() {
    region.close();
  }

  /** Reads a field directly, without this project's user side. */
  long get(MigrationRegionField field) throws ErrnoException {
    MemorySegment into = Arena.ofAuto().allocate(field.width());
    region.read(field.offset(), into);
    return field.width() == Integer.BYTES ? Integer.toUnsignedLong(into.get(U32, 0)) : into.get(U64, 0);
  }

  void set(MigrationRegionField field, long value) throws ErrnoException {
    MemorySegment data = Arena.ofAuto().allocate(field.width());
    if (field.width() == Integer.BYTES) {
      data.set(U32, 0, (int) value);
    } else {
      data.set(U64, 0, value);
    }
    region.write(field.offset(), data);
  }

  void setState(DeviceStateV1 state) throws ErrnoException {
    set(MigrationRegionField.DEVICE_STATE, Integer.toUnsignedLong(state.value()));
  }

  byte[] readData(long offset, int size) throws ErrnoException {
    MemorySegment into = Arena.ofAuto().allocate(size);
    region.read(offset, into);
    return into.toArray(ValueLayout.JAVA_BYTE);
  }

  void writeData(long offset, byte... data) throws ErrnoException {
    region.write(offset, MemorySegment.ofArray(data));
  }
}
