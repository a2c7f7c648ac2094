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
 * The device's end of a migration region of version 1: turns a user's accesses into the moves and data
 * sessions of a {@link MigratableDevice}.
 *
 * <p>
 * The transitions offered are those for which version 2 has a way; others are answered EINVAL. A move that
 * fails on the way is taken back, so that the user finds the state before, or ERROR. Where a saving session
 * is lost by that, the fields of the data window fail with EIO until the state is left.
 *
 * <p>
 * Segments have at most the size of the window. pending_bytes is an estimate, and never less than the next
 * segment.
 *
 * <p>
 * Not safe for use by several threads.
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
   * Makes the region of a device that is in RUNNING.
   *
   * @param device what is migrated; this region reads and writes its data sessions
   * @param window native memory of at least one byte, the data window; users may have it mapped
   * @param windowOffset where in the region the window lies, at least {@link
   *     MigrationRegionLayout#HEADER_SIZE}
   * @param ndma whether to offer NDMA. Only for a device that does no DMA at all in its states without
   *     peer-to-peer DMA, for that is what NDMA says
   * @param listener hears of every change of the field
   * @throws IllegalArgumentException if a size does not fit, or the device has no such states
   */
  public MigrationRegion(MigratableDevice device, MemorySegment window, long windowOffset, boolean ndma,
      DeviceStateMachineV1.Listener listener) {
    if (window.byteSize() == 0 || windowOffset < MigrationRegionLayout.HEADER_SIZE
        || windowOffset > Long.MAX_VALUE - window.byteSize()) {
      throw new IllegalArgumentException(
          "a data window of %d bytes at %d".formatted(window.byteSize(), windowOffset));
    }
    if (!device.features().canMigrate() || (ndma && !device.features().has(MigrationFeature.P2P))) {
      throw new IllegalArgumentException(
          "version 1%s of a device with %s".formatted(ndma ? " with NDMA" : "", device.features()));
    }
    this.device = device;
    this.window = window;
    this.windowOffset = windowOffset;
    this.transitions = new RegionTransitions(device, window);
    this.machine =
        new DeviceStateMachineV1(RegionTransitions.features(device.features(), ndma), transitions, listener);
  }

  /** Returns the bytes of the region. */
  public long size() {
    return windowOffset + window.byteSize();
  }

  /** Returns what is offered; with {@link FeaturesV1#ndma} the region has the capability NDMA. */
  public FeaturesV1 features() {
    return machine.features();
  }

  /** Returns the field device_state. */
  public DeviceStateV1 state() {
    return machine.state();
  }

  /**
   * Reads.
   *
   * @param offset where in the region, any value that came from outside
   * @param into where to, and how much: a whole field, or any part of the segment to which the user has
   *     committed
   * @throws ErrnoException with EINVAL for other accesses, with the device's errno if it failed
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
   * Writes.
   *
   * @param offset where in the region, any value that came from outside
   * @param data what, and how much: a whole field, or any part of the window in RESUMING
   * @throws StateWriteException if device_state could not be changed
   * @throws ErrnoException with EINVAL for other accesses, with the device's errno if it failed
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
        // ignored, as the layout says
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
          "access of %d bytes at %d of the data window, of which %d are open".formatted(size, start, limit));
    }
    return window.asSlice(start, size);
  }

  /**
   * A device may have version 2 as well, and be moved by it: the field says where it is, however it got
   * there.
   */
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
          open ? new BrokenWindow("version 2 opened the data session, and has it") : new ClosedWindow());
      machine.onMoved(visibleState(now), "moved by version 2");
    }
  }

  /** Without NDMA, its bit is not shown either. */
  private DeviceStateV1 visibleState(DeviceState state) {
    DeviceStateV1 same = VersionMapping.toV1(state, true).match().orElseThrow();
    return features().ndma() ? same : new DeviceStateV1(same.bits() & ~DeviceStateV1.NDMA_BIT);
  }

  /**
   * Notes that the device has been reset, by whomever: the field is exactly RUNNING, and no session is open.
   */
  public void onReset(String reason) {
    transitions.replaceWindow(new ClosedWindow());
    machine.onReset(reason);
  }

  /** Lets go of the data session, if one is open; the device stays as it is. */
  @Override
  public void close() {
    transitions.replaceWindow(new ClosedWindow());
  }
}
