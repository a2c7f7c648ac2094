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
 * Memory of a device, which is part of its state: a migration sends its pages while the device runs, and again if they
 * change.
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
   * @param passes whether the memory can be passed to another server
   */
  static DeviceMemory create(MemorySpec spec, long fileSize, boolean passes) throws IOException {
    if (spec.mappable()) {
      return new DeviceMemory(spec,
          MemoryBackend.createMappable(spec.name(), spec.size(), spec.content(), fileSize, passes));
    }
    return new DeviceMemory(spec, passes
        ? MemoryBackend.createPassable(spec.name(), spec.size(), spec.content())
        : MemoryBackend.createPrivate(spec.name(), spec.size(), spec.content()));
  }

  MemorySpec spec() {
    return spec;
  }

  MemoryBackend backend() {
    return backend;
  }

  /** Returns the size in bytes, a multiple of {@link MemorySpec#PAGE_SIZE}. */
  public long size() {
    return backend.size();
  }

  /** Returns the number of pages. */
  public long pages() {
    return size() / MemorySpec.PAGE_SIZE;
  }

  /** Returns the file that clients map, if the memory is mappable. */
  Optional<Fd> file() {
    return spec.mappable() ? backend.file() : Optional.empty();
  }

  /**
   * Returns a part of the memory, for example for {@link io.vfio4j.vfiouser.device.DmaMemory}. The caller must report
   * each write to it with {@link #markDirty}. It must not be kept: a reset, or a migration, may replace the memory.
   * Until the device runs, memory that another server has passed to it is read-only.
   *
   * @throws IndexOutOfBoundsException if the part is not within the memory
   */
  public MemorySegment slice(long offset, long length) {
    return backend.segment().asSlice(offset, length);
  }

  /** Reads from any offset; bytes beyond the end are 0. */
  @Override
  public void read(long offset, MemorySegment into) {
    long inside = lengthInside(offset, into.byteSize());
    if (inside > 0) {
      MemorySegment.copy(backend.segment(), offset, into, 0, inside);
    }
    into.asSlice(inside).fill((byte) 0);
  }

  /** Writes to any offset; bytes beyond the end are discarded. */
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
   * Reads a little-endian number.
   *
   * @throws IndexOutOfBoundsException if it is not within the memory
   */
  public long getLong(long offset) {
    return backend.segment().get(LE_LONG, offset);
  }

  /**
   * Writes a little-endian number.
   *
   * @throws IndexOutOfBoundsException if it is not within the memory
   */
  public void putLong(long offset, long value) {
    backend.segment().set(LE_LONG, offset, value);
    markDirty(offset, Long.BYTES);
  }

  /** Marks the pages of a write to a {@link #slice} as dirty. The length is at least 1. */
  public void markDirty(long offset, long length) {
    backend.markDirty(offset, length);
  }

  /** Frees the memory. Called by the device. */
  @Override
  public void close() {
    backend.close();
  }
}
