// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
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
 * Memory that neither a client maps nor another server continues to use is a private mapping of its initial content: a
 * reset discards the written pages and costs nothing for the others. Other memory is a sealed memfd: a reset frees its
 * pages and writes the initial content. Confined to the device's thread.
 *
 * <pre>
 * OWN     --adopt--&gt;                 ADOPTED   read-only; the own storage is kept
 * ADOPTED --accept--&gt;                OWN       the adopted storage, writable; the former one is freed
 * ADOPTED --returnToOwn--&gt;           OWN       the former storage; the adopted one is as it was
 * OWN     --replace--&gt;               OWN       new storage with the initial content; the former one is another's
 * </pre>
 */
public final class MemoryBackend implements AutoCloseable {

  private final String name;
  /** Contains the initial image. */
  private final Arena imageArena;
  private final Optional<InitialImage> image;
  private final boolean isMappable;
  private final boolean isPassable;
  private final StorageDisposal disposal = new StorageDisposal();
  private MemoryStorage storage;
  /** What the device accesses: the memory of the storage, read-only in ADOPTED. */
  private MemorySegment memory;
  /** The own storage in ADOPTED, otherwise null. */
  private @Nullable MemoryStorage own;
  private @Nullable PageTracker tracker;

  private MemoryBackend(String name, Arena imageArena, Optional<InitialImage> image, MemoryStorage storage,
      boolean isMappable, boolean isPassable) {
    this.name = name;
    this.imageArena = imageArena;
    this.image = image;
    this.storage = storage;
    this.memory = storage.memory();
    this.isMappable = isMappable;
    this.isPassable = isPassable;
  }

  /** Allocates the storage of a memory with an initial image. */
  @FunctionalInterface
  private interface Allocation {
    MemoryStorage allocate(Optional<InitialImage> image) throws IOException;
  }

  /**
   * Allocates memory that only the device reaches.
   *
   * @param content the file that holds the initial content; zeros without one
   */
  public static MemoryBackend createPrivate(String name, long size, Optional<Path> content)
      throws IOException {
    return create(name, size, content, image -> MemoryStorage.createPrivate(size, image), false, false);
  }

  /**
   * Allocates memory that another server can continue to use.
   *
   * @param content the file that holds the initial content; zeros without one
   */
  public static MemoryBackend createPassable(String name, long size, Optional<Path> content)
      throws IOException {
    return create(name, size, content, image -> MemoryStorage.createFile(name, size, size, image), false,
        true);
  }

  /**
   * Allocates memory that clients can map.
   *
   * @param content the file that holds the initial content; zeros without one
   * @param fileSize the size of the memfd, which is that of the region, so that every page of the region exists
   * @param passes whether another server can continue to use it
   */
  public static MemoryBackend createMappable(String name, long size, Optional<Path> content, long fileSize,
      boolean passes) throws IOException {
    return create(name, size, content, image -> MemoryStorage.createFile(name, size, fileSize, image), true,
        passes);
  }

  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  private static MemoryBackend create(String name, long size, Optional<Path> content, Allocation allocation,
      boolean isMappable, boolean isPassable) throws IOException {
    // Shared: the thread that serves the device is not always the one that creates it.
    Arena arena = Arena.ofShared();
    Optional<InitialImage> image = Optional.empty();
    try {
      image =
          content.isPresent() ? Optional.of(InitialImage.read(content.get(), size, arena)) : Optional.empty();
      return new MemoryBackend(name, arena, image, allocation.allocate(image), isMappable, isPassable);
    } catch (Throwable t) {
      arena.close();
      image.ifPresent(InitialImage::close);
      throw t;
    }
  }

  String name() {
    return name;
  }

  /** Returns the size in bytes. */
  public long size() {
    return memory.byteSize();
  }

  /** Returns the number of pages. */
  long pages() {
    return size() / StateFormat.PAGE_SIZE;
  }

  /** Returns the memfd, unless the memory is private. */
  public Optional<Fd> file() {
    return storage.file();
  }

  /** Returns whether clients can map the memory, so that writes bypass {@link #markDirty}. */
  boolean isMappable() {
    return isMappable;
  }

  /** Returns whether another server can continue to use the memory. */
  boolean isPassable() {
    return isPassable;
  }

  /** Returns whether the memory was adopted and is read-only so far. */
  boolean isAdopted() {
    return own != null;
  }

  /** Returns the whole memory, at this time. The caller reports its writes to {@link #markDirty}. */
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

  /**
   * Maps a file of another server's device, for {@link #adopt}.
   *
   * @param file remains the caller's
   * @throws ErrnoException EINVAL if its size or its seals are not those of such memory; the errno of the mapping
   */
  MemoryStorage mapPassed(Fd file) throws ErrnoException {
    try {
      long expected = storage.file().orElseThrow().size();
      if (file.size() != expected) {
        throw new ErrnoException(Errno.EINVAL,
            "a file of %d bytes for %s, which needs %d".formatted(file.size(), name, expected));
      }
      if (!Memfd.isSealedAgainstResizing(file)) {
        throw new ErrnoException(Errno.EINVAL,
            "a file for %s that is not sealed in its size".formatted(name));
      }
      return MemoryStorage.map(file, size());
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "%s cannot be mapped: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Uses mapped storage from now on, read-only. */
  void adopt(MemoryStorage passed) {
    own = storage;
    storage = passed;
    memory = passed.memory().asReadOnly();
  }

  /** Makes the adopted storage the memory's own. The former one is freed by another thread. */
  void accept() {
    if (own != null) {
      disposal.free(own);
      own = null;
      memory = storage.memory();
    }
  }

  /** Returns to the own storage. The adopted one is unmapped by another thread. */
  void returnToOwn() {
    if (own != null) {
      disposal.free(storage);
      storage = own;
      own = null;
      memory = storage.memory();
    }
  }

  /** Replaces the storage, which another server uses now, by a new one with the initial content. */
  void replace() {
    try {
      MemoryStorage fresh =
          MemoryStorage.createFile(name, size(), storage.file().orElseThrow().size(), image);
      disposal.free(storage);
      storage = fresh;
      memory = fresh.memory();
    } catch (LinuxException e) {
      throw new UncheckedIOException(name + " could not be replaced", e);
    }
  }

  /** Restores the initial content. */
  void reset() {
    try {
      if (storage.file().isPresent()) {
        MemoryMap.punchHole(memory);
        image.ifPresent(initial -> initial.copyTo(memory));
      } else {
        MemoryMap.discard(memory);
      }
    } catch (LinuxException e) {
      throw new UncheckedIOException(name + " could not be reset", e);
    }
  }

  @Override
  public void close() {
    if (imageArena.scope().isAlive()) {
      returnToOwn();
      storage.close();
      disposal.close();
      imageArena.close();
      image.ifPresent(InitialImage::close);
    }
  }
}
