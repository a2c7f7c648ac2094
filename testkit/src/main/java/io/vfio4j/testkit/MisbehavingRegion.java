// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.region.MigrationRegionLayout;
import io.vfio4j.model.v1.DeviceStateV1;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A version 1 migration region that violates the protocol, in front of a conforming one; for tests of code that
 * checks devices.
 *
 * <p>
 * Confined to one thread at a time.
 */
public final class MisbehavingRegion implements MigrationRegionAccess {

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final int RESERVED_BIT = 0x10;
  private static final int INVALID = DeviceStateV1.RESUMING_BIT | DeviceStateV1.RUNNING_BIT;

  private final SimulatedRegion honest;
  private final Set<RegionMisbehaviour> misbehaviours;
  private final MemorySegment scratch = Arena.ofAuto().allocate(U64);
  /** Bits that the field reports in addition to the conforming region's. */
  private int reported;
  private boolean reportsError;
  private boolean committed;
  private boolean repeated;
  private int segments;
  private long readTo;

  /**
   * Creates a region.
   *
   * @param honest the conforming region, closed with this one
   * @param misbehaviours the rules that it breaks
   */
  public MisbehavingRegion(SimulatedRegion honest, Set<RegionMisbehaviour> misbehaviours) {
    this.honest = honest;
    this.misbehaviours = Set.copyOf(misbehaviours);
    begin();
  }

  private boolean misbehaves(RegionMisbehaviour misbehaviour) {
    return misbehaviours.contains(misbehaviour);
  }

  private void begin() {
    reported = misbehaves(RegionMisbehaviour.STARTS_WITH_RESERVED_BIT) ? RESERVED_BIT : 0;
    reportsError = false;
    beginSession();
  }

  private void beginSession() {
    committed = false;
    repeated = false;
    segments = 0;
    readTo = 0;
  }

  @Override
  public long size() {
    return honest.size();
  }

  @Override
  public void read(long offset, MemorySegment into) throws DeviceException {
    if (offset >= SimulatedRegion.WINDOW_OFFSET) {
      readData(offset, into);
      return;
    }
    Optional<MigrationRegionField> field = MigrationRegionField.at(offset, into.byteSize());
    if (field.isEmpty()) {
      splitAccess(offset, into, honest::read);
      return;
    }
    switch (field.get()) {
      case DEVICE_STATE -> {
        honest.read(offset, into);
        into.set(U32, 0, reportedState(into.get(U32, 0)));
      }
      case RESERVED ->
        into.fill((byte) (misbehaves(RegionMisbehaviour.RESERVED_FIELD_READS_ONES) ? 0xff : 0));
      case PENDING_BYTES -> readPending(offset, into);
      case DATA_OFFSET -> {
        honest.read(offset, into);
        readTo = committed ? readTo : 0;
        committed = true;
        if (misbehaves(RegionMisbehaviour.SEGMENTS_IN_HEADER)) {
          into.set(U64, 0, MigrationRegionField.DATA_OFFSET.offset());
        }
      }
      case DATA_SIZE -> {
        honest.read(offset, into);
        if (misbehaves(RegionMisbehaviour.SEGMENTS_TOO_LONG) && into.get(U64, 0) > 0) {
          into.set(U64, 0, size());
        }
      }
    }
  }

  private int reportedState(int state) {
    if (reportsError) {
      return DeviceStateV1.ERROR.value();
    }
    int all = state | reported;
    return misbehaves(RegionMisbehaviour.DROPS_RESERVED_BITS) ? all & DeviceStateV1.KNOWN_BITS : all;
  }

  private void readPending(long offset, MemorySegment into) throws DeviceException {
    if (committed && !repeated && misbehaves(RegionMisbehaviour.REPEATS_SEGMENT)) {
      repeated = true;
      honest.read(MigrationRegionField.DATA_SIZE.offset(), into);
      return;
    }
    segments += committed ? 1 : 0;
    committed = false;
    honest.read(offset, into);
    boolean stopped = honest.state().equals(DeviceStateV1.STOP_COPY);
    if (misbehaves(RegionMisbehaviour.ENDS_EARLY) && stopped && segments == 1) {
      into.set(U64, 0, 0);
    }
    if (misbehaves(RegionMisbehaviour.PENDING_READ_HAS_EFFECT) && into.get(U64, 0) > 0) {
      honest.read(MigrationRegionField.DATA_OFFSET.offset(), scratch);
    }
  }

  private void readData(long offset, MemorySegment into) throws DeviceException {
    honest.read(offset, into);
    if (misbehaves(RegionMisbehaviour.READS_ONCE) && offset < readTo) {
      into.fill((byte) 0);
    }
    readTo = Math.max(readTo, offset + into.byteSize());
  }

  /** An access to the conforming region. */
  @FunctionalInterface
  private interface Access {
    void run(long offset, MemorySegment data) throws DeviceException;
  }

  private void splitAccess(long offset, MemorySegment data, Access access) throws DeviceException {
    if (!misbehaves(RegionMisbehaviour.ACCEPTS_ANY_WIDTH)
        || offset > MigrationRegionLayout.HEADER_SIZE - data.byteSize()) {
      access.run(offset, data);
    }
  }

  @Override
  public void write(long offset, MemorySegment data) throws DeviceException {
    Optional<MigrationRegionField> field = MigrationRegionField.at(offset, data.byteSize());
    if (field.isEmpty() && offset < SimulatedRegion.WINDOW_OFFSET) {
      splitAccess(offset, data, honest::write);
    } else if (field.isPresent() && field.get() == MigrationRegionField.DEVICE_STATE) {
      writeState(data.get(U32, 0));
    } else if (field.isPresent() && field.get() == MigrationRegionField.DATA_SIZE) {
      writeDataSize(offset, data);
    } else {
      honest.write(offset, data);
    }
  }

  private void writeDataSize(long offset, MemorySegment data) throws DeviceException {
    boolean huge = data.get(U64, 0) > size() - SimulatedRegion.WINDOW_OFFSET;
    if (misbehaves(RegionMisbehaviour.ACCEPTS_HUGE_SEGMENTS) && huge && honest.state().isResuming()) {
      return;
    }
    if (misbehaves(RegionMisbehaviour.DATA_SIZE_FAILS_IN_STOP) && honest.state().equals(DeviceStateV1.STOP)) {
      reportsError = true;
    }
    honest.write(offset, data);
  }

  private void writeState(int value) throws DeviceException {
    DeviceStateV1 written = new DeviceStateV1(value);
    if (reportsError) {
      throw rejection("only a reset leaves ERROR");
    }
    if (misbehaves(RegionMisbehaviour.ACCEPTS_ERROR) && written.isError()) {
      reportsError = true;
    } else if (misbehaves(RegionMisbehaviour.ACCEPTS_INVALID) && written.bits() == INVALID) {
      return;
    } else if (misbehaves(RegionMisbehaviour.ACCEPTS_NDMA) && written.hasNdma() && written.isWritable(true)) {
      forward(value & ~DeviceStateV1.NDMA_BIT);
      reported |= DeviceStateV1.NDMA_BIT;
    } else {
      forward(value);
      reported = 0;
    }
  }

  private void forward(int value) throws DeviceException {
    DeviceStateV1 before = honest.state();
    DeviceStateV1 to = new DeviceStateV1(value).effective();
    if (misbehaves(RegionMisbehaviour.REJECTS_ABORT) && before.equals(DeviceStateV1.STOP_COPY)
        && to.equals(DeviceStateV1.RUNNING)) {
      throw rejection("it lacks this transition");
    }
    if (misbehaves(RegionMisbehaviour.CAPTURES_BEFORE_LOAD) && before.equals(DeviceStateV1.RESUMING)
        && to.equals(DeviceStateV1.STOP_COPY)) {
      honest.reset();
    }
    DeviceException refused = tryWrite(value);
    if (refused == null) {
      if (honest.state().isSaving() != before.isSaving()) {
        beginSession();
      }
      return;
    }
    if (misbehaves(RegionMisbehaviour.REFUSAL_STOPS) && before.isRunning()) {
      tryWrite(DeviceStateV1.STOP.value());
    }
    throw refused;
  }

  private @Nullable DeviceException tryWrite(int value) throws DeviceException {
    scratch.set(U32, 0, value);
    try {
      honest.write(MigrationRegionField.DEVICE_STATE.offset(), scratch.asSlice(0, Integer.BYTES));
      return null;
    } catch (DeviceException e) {
      return misbehaves(RegionMisbehaviour.WRONG_ERRNO) && e.errno().equals(Errno.EINVAL)
          ? new DeviceException(e.device(), e.action(), Errno.EIO)
          : e;
    }
  }

  private static DeviceException rejection(String why) {
    return new DeviceException("region", "write device_state", Errno.EINVAL, "write device_state: " + why,
        null);
  }

  @Override
  public void reset() throws DeviceException {
    if (!misbehaves(RegionMisbehaviour.RESET_CHANGES_NOTHING)) {
      honest.reset();
      begin();
    }
  }

  @Override
  public void close() {
    honest.close();
  }
}
