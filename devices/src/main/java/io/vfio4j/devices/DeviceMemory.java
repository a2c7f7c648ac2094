// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Memory of a device, of which the device's state is made up too: in a migration its pages are sent while the
 * device runs, and those that change meanwhile again.
 *
 * <p>
 * Memory that nobody else maps is a private mapping of its initial content, so that a reset gives back the
 * pages that were written and costs nothing for the others. Memory to be mapped is a file of its own, and a
 * reset writes to it.
 */
public final class DeviceMemory implements RegionPart, AutoCloseable {

  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySpec spec;
  private final Arena arena;
  private final MemorySegment memory;
  private final Optional<InitialImage> image;
  private final Optional<Fd> file;
  private @Nullable PagesToSend tracker;

  private DeviceMemory(MemorySpec spec, Arena arena, MemorySegment memory, Optional<InitialImage> image,
      Optional<Fd> file) {
    this.spec = spec;
    this.arena = arena;
    this.memory = memory;
    this.image = image;
    this.file = file;
  }

  /**
   * Makes memory.
   *
   * @param fileSize how long the file is that others map: as the region, so that they find a page everywhere
   */
  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  static DeviceMemory create(MemorySpec spec, long fileSize) throws IOException {
    // Shared: whoever serves the device need not be whoever made it.
    Arena arena = Arena.ofShared();
    Optional<InitialImage> image = Optional.empty();
    try {
      if (spec.content().isPresent()) {
        image = Optional.of(InitialImage.read(spec.content().get(), spec.size(), arena));
      }
      return spec.mappable() ? mappable(spec, fileSize, image, arena) : own(spec, image, arena);
    } catch (Throwable t) {
      arena.close();
      image.ifPresent(InitialImage::close);
      throw t;
    }
  }

  private static DeviceMemory own(MemorySpec spec, Optional<InitialImage> image, Arena arena)
      throws LinuxException {
    MemorySegment memory = image.isPresent()
        ? MemoryMap.copyOnWrite(image.get().file(), 0, spec.size(), arena)
        : MemoryMap.anonymous(spec.size(), arena);
    return new DeviceMemory(spec, arena, memory, image, Optional.empty());
  }

  private static DeviceMemory mappable(MemorySpec spec, long fileSize, Optional<InitialImage> image,
      Arena arena) throws LinuxException {
    Fd file = Memfd.create(spec.name(), fileSize);
    try {
      Memfd.seal(file);
      DeviceMemory made = new DeviceMemory(spec, arena,
          MemoryMap.shared(file, 0, spec.size(), true, arena), image, Optional.of(file));
      made.image.ifPresent(content -> content.copyTo(made.memory));
      return made;
    } catch (Throwable t) {
      file.close();
      throw t;
    }
  }

  MemorySpec spec() {
    return spec;
  }

  /** Returns its size in bytes, a multiple of {@link MemorySpec#PAGE_SIZE}. */
  public long size() {
    return memory.byteSize();
  }

  /** Returns how many pages it has. */
  public long pages() {
    return size() / MemorySpec.PAGE_SIZE;
  }

  /** Returns the file to map, if others may. */
  Optional<Fd> file() {
    return file;
  }

  /**
   * Returns a part, as to be given to {@link io.vfio4j.vfiouser.device.DmaMemory}. Whoever writes to it says so with
   * {@link #touched}.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public MemorySegment slice(long offset, long length) {
    return memory.asSlice(offset, length);
  }

  /** Returns all of it. Whoever writes to it says so with {@link #touched}. */
  MemorySegment all() {
    return memory;
  }

  /** Reads from any offset; what lies beyond the end is 0. */
  @Override
  public void read(long offset, MemorySegment into) {
    long inside = inside(offset, into.byteSize());
    if (inside > 0) {
      MemorySegment.copy(memory, offset, into, 0, inside);
    }
    into.asSlice(inside).fill((byte) 0);
  }

  /** Writes to any offset; what lies beyond the end is dropped. */
  @Override
  public void write(long offset, MemorySegment data) {
    long inside = inside(offset, data.byteSize());
    if (inside > 0) {
      MemorySegment.copy(data, 0, memory, offset, inside);
      touched(offset, inside);
    }
  }

  private long inside(long offset, long length) {
    return Math.clamp(size() - offset, 0, length);
  }

  /**
   * Reads a number, little-endian.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public long getLong(long offset) {
    return memory.get(LE_LONG, offset);
  }

  /**
   * Writes a number, little-endian.
   *
   * @throws IndexOutOfBoundsException if it does not lie inside
   */
  public void putLong(long offset, long value) {
    memory.set(LE_LONG, offset, value);
    touched(offset, Long.BYTES);
  }

  /** Notes a write to what {@link #slice} returned: bytes inside, at least one. */
  public void touched(long offset, long length) {
    if (tracker != null) {
      tracker.touched(offset, length);
    }
  }

  /** Lets somebody hear of writes; null for nobody. */
  void track(@Nullable PagesToSend heardBy) {
    tracker = heardBy;
  }

  /** Gives it its initial content back. */
  void reset() {
    if (file.isPresent()) {
      memory.fill((byte) 0);
      image.ifPresent(content -> content.copyTo(memory));
      return;
    }
    try {
      MemoryMap.discard(memory);
    } catch (LinuxException e) {
      throw new UncheckedIOException(spec.name() + " could not be reset", e);
    }
  }

  /** Frees it; the device does that. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      image.ifPresent(InitialImage::close);
      file.ifPresent(Fd::close);
    }
  }
}
