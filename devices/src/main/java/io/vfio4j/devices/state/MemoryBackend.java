// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The storage of one device memory, and the tracker of its pages while a saving session reads them.
 *
 * <p>
 * Memory that no client maps is a private mapping of its initial content: a reset discards the written pages and costs
 * nothing for the others. Mappable memory is a memfd of its own, which a reset rewrites. Confined to the device's
 * thread.
 */
public final class MemoryBackend implements AutoCloseable {

  private final String name;
  private final Arena arena;
  private final MemorySegment memory;
  private final Optional<InitialImage> image;
  private final Optional<Fd> file;
  private @Nullable PageTracker tracker;

  private MemoryBackend(String name, Arena arena, MemorySegment memory, Optional<InitialImage> image,
      Optional<Fd> file) {
    this.name = name;
    this.arena = arena;
    this.memory = memory;
    this.image = image;
    this.file = file;
  }

  /**
   * Allocates memory that only the device reaches.
   *
   * @param content the file that holds the initial content; zeros without one
   */
  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  public static MemoryBackend createPrivate(String name, long size, Optional<Path> content)
      throws IOException {
    // Shared: the thread that serves the device is not always the one that creates it.
    Arena arena = Arena.ofShared();
    Optional<InitialImage> image = Optional.empty();
    try {
      image = image(content, size, arena);
      MemorySegment memory = image.isPresent()
          ? MemoryMap.copyOnWrite(image.get().file(), 0, size, arena)
          : MemoryMap.anonymous(size, arena);
      return new MemoryBackend(name, arena, memory, image, Optional.empty());
    } catch (Throwable t) {
      arena.close();
      image.ifPresent(InitialImage::close);
      throw t;
    }
  }

  /**
   * Allocates memory that clients can map.
   *
   * @param content the file that holds the initial content; zeros without one
   * @param fileSize the size of the memfd, which is that of the region, so that every page of the region exists
   */
  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  public static MemoryBackend createMappable(String name, long size, Optional<Path> content, long fileSize)
      throws IOException {
    Arena arena = Arena.ofShared();
    Optional<InitialImage> image = Optional.empty();
    Optional<Fd> file = Optional.empty();
    try {
      image = image(content, size, arena);
      file = Optional.of(Memfd.create(name, fileSize));
      Memfd.seal(file.get());
      MemorySegment memory = MemoryMap.shared(file.get(), 0, size, true, arena);
      image.ifPresent(initial -> initial.copyTo(memory));
      return new MemoryBackend(name, arena, memory, image, file);
    } catch (Throwable t) {
      arena.close();
      image.ifPresent(InitialImage::close);
      file.ifPresent(Fd::close);
      throw t;
    }
  }

  private static Optional<InitialImage> image(Optional<Path> content, long size, Arena arena)
      throws IOException {
    return content.isPresent() ? Optional.of(InitialImage.read(content.get(), size, arena))
        : Optional.empty();
  }

  /** Returns the size in bytes. */
  public long size() {
    return memory.byteSize();
  }

  /** Returns the number of pages. */
  long pages() {
    return size() / StateFormat.PAGE_SIZE;
  }

  /** Returns the memfd that clients map, if the memory is mappable. */
  public Optional<Fd> file() {
    return file;
  }

  /** Returns whether clients can map the memory, so that writes bypass {@link #markDirty}. */
  boolean isMappable() {
    return file.isPresent();
  }

  /** Returns the whole memory. The caller reports its writes to {@link #markDirty}. */
  public MemorySegment segment() {
    return memory;
  }

  /** Marks the pages of a write as dirty, if a tracker is set. */
  public void markDirty(long offset, long length) {
    if (tracker != null) {
      tracker.markDirty(offset, length);
    }
  }

  /** Sets the tracker of writes, or clears it with null. */
  void setTracker(@Nullable PageTracker pages) {
    tracker = pages;
  }

  /** Restores the initial content. */
  void reset() {
    if (file.isPresent()) {
      memory.fill((byte) 0);
      image.ifPresent(initial -> initial.copyTo(memory));
      return;
    }
    try {
      MemoryMap.discard(memory);
    } catch (LinuxException e) {
      throw new UncheckedIOException(name + " could not be reset", e);
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
