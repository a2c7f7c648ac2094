// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.model.region.MigrationRegion;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.v1.DeviceStateV1;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A version 1 migration region in front of any device, in the same process. It records the segments that pass
 * through it.
 *
 * <p>
 * Confined to one thread at a time.
 */
public final class SimulatedRegion implements MigrationRegionAccess {

  /** Offset of the data window in the region, bytes. */
  public static final int WINDOW_OFFSET = 64;

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private final MigratableDevice device;
  private final Arena arena = Arena.ofShared();
  private final MigrationRegion region;
  private final List<Long> segmentsRead = new ArrayList<>();
  private final List<Long> segmentsWritten = new ArrayList<>();

  /**
   * Creates the region of a device in RUNNING.
   *
   * @param device the device, closed with this region
   * @param window size of the data window, bytes
   * @param ndma whether it supports NDMA
   */
  @SuppressWarnings("MustBeClosedChecker") // close() does.
  public SimulatedRegion(MigratableDevice device, int window, boolean ndma) {
    this.device = device;
    region = new MigrationRegion(device, arena.allocate(window, Long.BYTES), WINDOW_OFFSET, ndma,
        (from, to, reason) -> {
        });
  }

  /** Returns the sizes of the segments read, as reported to the user, in order. */
  public List<Long> segmentsRead() {
    return List.copyOf(segmentsRead);
  }

  /** Returns the sizes of the segments written, in order. */
  public List<Long> segmentsWritten() {
    return List.copyOf(segmentsWritten);
  }

  DeviceStateV1 state() {
    return region.state();
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
      throw failure("read", offset, e);
    }
    if (isDataSize(offset, into)) {
      segmentsRead.add(into.get(U64, 0));
    }
  }

  @Override
  public void write(long offset, MemorySegment data) throws DeviceException {
    try {
      region.write(offset, data);
    } catch (ErrnoException e) {
      throw failure("write", offset, e);
    }
    if (isDataSize(offset, data)) {
      segmentsWritten.add(data.get(U64, 0));
    }
  }

  private static boolean isDataSize(long offset, MemorySegment data) {
    return MigrationRegionField.at(offset, data.byteSize())
        .filter(field -> field == MigrationRegionField.DATA_SIZE).isPresent();
  }

  private DeviceException failure(String action, long offset, ErrnoException e) {
    return new DeviceException(device.identity().name(),
        "%s at 0x%x of the migration region".formatted(action, offset), e.errno(),
        String.valueOf(e.getMessage()), e);
  }

  @Override
  public void reset() throws DeviceException {
    device.reset();
    region.onReset("reset");
  }

  @Override
  public void close() {
    region.close();
    device.close();
    arena.close();
  }
}
