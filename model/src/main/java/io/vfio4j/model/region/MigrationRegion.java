// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.v1.DeviceStateMachineV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.StateWriteException;
import io.vfio4j.model.v1.VersionMapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The device side of a migration region of version 1: translates accesses to the region into transitions and
 * data sessions of a {@link MigratableDevice}.
 *
 * <p>
 * The region offers the transitions for which version 2 has a path; others are refused with EINVAL. A
 * transition that fails midway is rolled back, so that the field shows the state before, or ERROR. If that
 * ends a saving session, accesses to the data window fail with EIO until the state is left.
 *
 * <p>
 * Segments are at most as long as the window. pending_bytes is an estimate, and never less than the next
 * segment.
 *
 * <p>
 * Not thread-safe: all calls are made by the device's thread.
 */
public final class MigrationRegion implements AutoCloseable {

  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final MigratableDevice device;
  private final MemorySegment window;
  private final long windowOffset;
  private final RegionTransitions transitions;
  private final DeviceStateMachineV1 machine;

  /**
   * Creates the region of a device in RUNNING.
   *
   * @param device the device; this region reads and writes its data sessions
   * @param window the data window, native memory of at least one byte; users may have mapped it
   * @param windowOffset offset of the window in the region, in bytes, at least {@link
   *     MigrationRegionLayout#HEADER_SIZE}
   * @param ndma whether to offer NDMA. Only for a device that does no DMA at all in its P2P states, since
   *     that is the meaning of NDMA
   * @param listener receives every change of the field
   * @throws IllegalArgumentException if a size is out of range, or the device lacks the states
   */
  public MigrationRegion(MigratableDevice device, MemorySegment window, long windowOffset, boolean ndma,
      DeviceStateMachineV1.Listener listener) {
    if (window.byteSize() == 0 || windowOffset < MigrationRegionLayout.HEADER_SIZE
        || windowOffset > Long.MAX_VALUE - window.byteSize()) {
      throw new IllegalArgumentException(
          "invalid data window of %d bytes at %d".formatted(window.byteSize(), windowOffset));
    }
    if (!device.features().canMigrate() || (ndma && !device.features().has(MigrationFeature.P2P))) {
      throw new IllegalArgumentException(
          "version 1%s is not possible for a device with %s".formatted(ndma ? " with NDMA" : "",
              device.features()));
    }
    this.device = device;
    this.window = window;
    this.windowOffset = windowOffset;
    this.transitions = new RegionTransitions(device, window);
    this.machine =
        new DeviceStateMachineV1(RegionTransitions.features(device.features(), ndma), transitions, listener);
  }

  /** Returns the size of the region, in bytes. */
  public long size() {
    return windowOffset + window.byteSize();
  }

  /** Returns the features offered. With {@link FeaturesV1#ndma}, the region has the capability NDMA. */
  public FeaturesV1 features() {
    return machine.features();
  }

  /** Returns the field device_state. */
  public DeviceStateV1 state() {
    return machine.state();
  }

  /**
   * Reads from the region.
   *
   * @param offset offset in the region, any value
   * @param into the destination, of the size of the access: a whole field, or any part of the segment to
   *     which the user has committed
   * @throws ErrnoException EINVAL for other accesses; the device's errno if it failed
   */
  public void read(long offset, MemorySegment into) throws ErrnoException {
    if (offset >= windowOffset) {
      into.copyFrom(slice(offset, into.byteSize(), transitions.window().readable()));
      return;
    }
    syncWithDevice();
    switch (field(offset, into.byteSize())) {
      case DEVICE_STATE -> into.set(U32, 0, machine.state().value());
      case RESERVED -> into.set(U32, 0, 0);
      case PENDING_BYTES -> into.set(U64, 0, transitions.window().pendingBytes());
      case DATA_OFFSET -> {
        transitions.window().commit();
        into.set(U64, 0, windowOffset);
      }
      case DATA_SIZE -> into.set(U64, 0, transitions.window().dataSize());
    }
  }

  /**
   * Writes to the region.
   *
   * @param offset offset in the region, any value
   * @param data the data, of the size of the access: a whole field, or any part of the window in RESUMING
   * @throws StateWriteException if device_state could not be changed
   * @throws ErrnoException EINVAL for other accesses; the device's errno if it failed
   */
  public void write(long offset, MemorySegment data) throws ErrnoException {
    if (offset >= windowOffset) {
      slice(offset, data.byteSize(), transitions.window().writable()).copyFrom(data);
      return;
    }
    syncWithDevice();
    MigrationRegionField field = field(offset, data.byteSize());
    switch (field) {
      case DEVICE_STATE -> machine.write(data.get(U32, 0));
      case RESERVED -> {
        // writes are ignored
      }
      case DATA_SIZE -> transitions.window().writeDataSize(data.get(U64, 0));
      case PENDING_BYTES, DATA_OFFSET -> throw new ErrnoException(Errno.EINVAL, field + " is read-only");
    }
  }

  private static MigrationRegionField field(long offset, long width) throws ErrnoException {
    return MigrationRegionField.at(offset, width).orElseThrow(() -> new ErrnoException(Errno.EINVAL,
        "access of %d bytes at 0x%x of the migration region".formatted(width, offset)));
  }

  private MemorySegment slice(long offset, long size, long limit) throws ErrnoException {
    long start = offset - windowOffset;
    if (size > limit || start > limit - size) {
      throw new ErrnoException(Errno.EINVAL,
          "access of %d bytes at %d of the data window, of which %d bytes are accessible".formatted(size,
              start, limit));
    }
    return window.asSlice(start, size);
  }

  /** Updates the field from the device, which may also have version 2 and be moved through it. */
  private void syncWithDevice() throws ErrnoException {
    if (machine.state().isError()) {
      return;
    }
    DeviceState now;
    try {
      now = device.state();
    } catch (DeviceException e) {
      throw DataWindow.toErrnoException(e);
    }
    if (now != transitions.deviceState(machine.state())) {
      boolean open = now.isSaving() || now == DeviceState.RESUMING;
      transitions.replaceWindow(
          open ? new BrokenWindow("the data session was opened through version 2") : new ClosedWindow());
      machine.onMoved(visibleState(now), "moved through version 2");
    }
  }

  /** Returns the value of the field for a state; without NDMA, its bit is not set. */
  private DeviceStateV1 visibleState(DeviceState state) {
    DeviceStateV1 same = VersionMapping.toV1(state, true).match().orElseThrow();
    return features().ndma() ? same : new DeviceStateV1(same.bits() & ~DeviceStateV1.NDMA_BIT);
  }

  /** Sets the field to exactly RUNNING and closes the session after a reset of the device, by any means. */
  public void onReset(String reason) {
    transitions.replaceWindow(new ClosedWindow());
    machine.onReset(reason);
  }

  /** Closes the data session, if one is open. The state of the device does not change. */
  @Override
  public void close() {
    transitions.replaceWindow(new ClosedWindow());
  }
}
