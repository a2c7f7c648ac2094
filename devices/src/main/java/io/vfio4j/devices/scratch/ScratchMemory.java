// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

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
 * The internal memory.
 *
 * <p>
 * Memory that nobody else maps is a private mapping of its initial content, so that a reset gives back the
 * pages that were written and costs nothing for the others. Memory to be mapped is a file of its own, and a
 * reset writes to it.
 */
final class ScratchMemory implements AutoCloseable {

  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Arena arena;
  private final MemorySegment memory;
  private final Optional<InitialImage> image;
  private final Optional<Fd> file;
  private @Nullable PagesToSend tracker;

  private ScratchMemory(Arena arena, MemorySegment memory, Optional<InitialImage> image, Optional<Fd> file) {
    this.arena = arena;
    this.memory = memory;
    this.image = image;
    this.file = file;
  }

  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  static ScratchMemory create(ScratchConfig config) throws IOException {
    // Shared: whoever serves the device need not be whoever made it.
    Arena arena = Arena.ofShared();
    Optional<InitialImage> image = Optional.empty();
    try {
      if (config.load().isPresent()) {
        image = Optional.of(InitialImage.read(config.load().get(), config.memorySize(), arena));
      }
      return config.mappable() ? mappable(config, image, arena) : own(config, image, arena);
    } catch (Throwable t) {
      arena.close();
      image.ifPresent(InitialImage::close);
      throw t;
    }
  }

  private static ScratchMemory own(ScratchConfig config, Optional<InitialImage> image, Arena arena)
      throws LinuxException {
    long size = config.memorySize();
    MemorySegment memory = image.isPresent()
        ? MemoryMap.privately(image.get().file(), 0, size, arena)
        : MemoryMap.anonymous(size, arena);
    return new ScratchMemory(arena, memory, image, Optional.empty());
  }

  private static ScratchMemory mappable(ScratchConfig config, Optional<InitialImage> image, Arena arena)
      throws LinuxException {
    long size = config.memorySize();
    // As long as the region, so that whoever maps all of it finds a page everywhere.
    Fd file = Memfd.create(config.name() + " memory", ScratchLayout.memoryBarSize(size));
    try {
      Memfd.seal(file);
      ScratchMemory made = new ScratchMemory(arena, MemoryMap.shared(file, 0, size, true, arena), image,
          Optional.of(file));
      made.image.ifPresent(content -> content.copyTo(made.memory));
      return made;
    } catch (Throwable t) {
      file.close();
      throw t;
    }
  }

  /** Returns its size in bytes, a multiple of the page size. */
  long size() {
    return memory.byteSize();
  }

  long pages() {
    return size() / ScratchLayout.PAGE_SIZE;
  }

  /** Returns the file to map, if others may. */
  Optional<Fd> file() {
    return file;
  }

  /** Returns a part. Whoever writes to it says so with {@link #touched}. */
  MemorySegment slice(long offset, long length) {
    return memory.asSlice(offset, length);
  }

  /** Returns all of it. Whoever writes to it says so with {@link #touched}. */
  MemorySegment all() {
    return memory;
  }

  /** Reads from any offset; what lies beyond the end is 0. */
  void read(long offset, MemorySegment into) {
    long inside = inside(offset, into.byteSize());
    if (inside > 0) {
      MemorySegment.copy(memory, offset, into, 0, inside);
    }
    into.asSlice(inside).fill((byte) 0);
  }

  /** Writes to any offset; what lies beyond the end is dropped. */
  void write(long offset, MemorySegment data) {
    long inside = inside(offset, data.byteSize());
    if (inside > 0) {
      MemorySegment.copy(data, 0, memory, offset, inside);
      touched(offset, inside);
    }
  }

  private long inside(long offset, long length) {
    return Math.clamp(size() - offset, 0, length);
  }

  /** Writes a number, little-endian, at an offset inside. */
  void putLong(long offset, long value) {
    memory.set(LE_LONG, offset, value);
    touched(offset, Long.BYTES);
  }

  /** Notes a write: bytes inside, at least one. */
  void touched(long offset, long length) {
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
      throw new UncheckedIOException("the internal memory could not be reset", e);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      image.ifPresent(InitialImage::close);
      file.ifPresent(Fd::close);
    }
  }
}
