// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.devices.state.MemoryBackend;
import io.vfio4j.linux.Fd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Memory of a device, of which the device's state is made up too: in a migration its pages are sent while the
 * device runs, and those that change meanwhile again.
 */
public final class DeviceMemory implements RegionPart, AutoCloseable {

  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySpec spec;
  private final MemoryBackend backend;

  private DeviceMemory(MemorySpec spec, MemoryBackend backend) {
    this.spec = spec;
    this.backend = backend;
  }

  /**
   * Allocates memory.
   *
   * @param fileSize the size of the file that clients map: that of the region, so that every page of it exists
   */
  static DeviceMemory create(MemorySpec spec, long fileSize) throws IOException {
    return new DeviceMemory(spec, spec.mappable()
        ? MemoryBackend.createMappable(spec.name(), spec.size(), spec.content(), fileSize)
        : MemoryBackend.createPrivate(spec.name(), spec.size(), spec.content()));
  }

  MemorySpec spec() {
    return spec;
  }

  MemoryBackend backend() {
    return backend;
  }

  /** Returns its size in bytes, a multiple of {@link MemorySpec#PAGE_SIZE}. */
  public long size() {
    return backend.size();
  }

  /** Returns how many pages it has. */
  public long pages() {
    return size() / MemorySpec.PAGE_SIZE;
  }

  /** Returns the file to map, if others may. */
  Optional<Fd> file() {
    return backend.file();
  }

  /**
   * Returns a part, as to be given to {@link io.vfio4j.vfiouser.device.DmaMemory}. Whoever writes to it says so with
   * {@link #markDirty}.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public MemorySegment slice(long offset, long length) {
    return backend.segment().asSlice(offset, length);
  }

  /** Reads from any offset; what lies beyond the end is 0. */
  @Override
  public void read(long offset, MemorySegment into) {
    long inside = lengthInside(offset, into.byteSize());
    if (inside > 0) {
      MemorySegment.copy(backend.segment(), offset, into, 0, inside);
    }
    into.asSlice(inside).fill((byte) 0);
  }

  /** Writes to any offset; what lies beyond the end is dropped. */
  @Override
  public void write(long offset, MemorySegment data) {
    long inside = lengthInside(offset, data.byteSize());
    if (inside > 0) {
      MemorySegment.copy(data, 0, backend.segment(), offset, inside);
      markDirty(offset, inside);
    }
  }

  private long lengthInside(long offset, long length) {
    return Math.clamp(size() - offset, 0, length);
  }

  /**
   * Reads a number, little-endian.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public long getLong(long offset) {
    return backend.segment().get(LE_LONG, offset);
  }

  /**
   * Writes a number, little-endian.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public void putLong(long offset, long value) {
    backend.segment().set(LE_LONG, offset, value);
    markDirty(offset, Long.BYTES);
  }

  /** Notes a write to what {@link #slice} returned: bytes inside, at least one. */
  public void markDirty(long offset, long length) {
    backend.markDirty(offset, length);
  }

  /** Frees it; the device does that. */
  @Override
  public void close() {
    backend.close();
  }
}
