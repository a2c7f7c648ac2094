// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The pages of a device memory, mapped.
 *
 * @param memory the mapping
 * @param file the memfd that is mapped; empty for private pages
 * @param arena unmaps the memory when it closes
 */
record MemoryStorage(MemorySegment memory, Optional<Fd> file, Arena arena) implements AutoCloseable {

  /** Maps private pages with the initial content; only pages that are written use memory. */
  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  static MemoryStorage createPrivate(long size, Optional<InitialImage> image) throws LinuxException {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = image.isPresent()
          ? MemoryMap.copyOnWrite(image.get().file(), 0, size, arena)
          : MemoryMap.anonymous(size, arena);
      return new MemoryStorage(memory, Optional.empty(), arena);
    } catch (Throwable t) {
      arena.close();
      throw t;
    }
  }

  /** Creates a memfd, whose size is sealed, with the initial content. */
  static MemoryStorage createFile(String name, long size, long fileSize, Optional<InitialImage> image)
      throws LinuxException {
    try (Fd file = Memfd.create(name, fileSize)) {
      Memfd.seal(file);
      MemoryStorage storage = map(file, size);
      image.ifPresent(initial -> initial.copyTo(storage.memory));
      return storage;
    }
  }

  /**
   * Maps the beginning of a file.
   *
   * @param file remains the caller's
   */
  // Closed by close().
  @SuppressWarnings("MustBeClosedChecker")
  static MemoryStorage map(Fd file, long size) throws LinuxException {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = MemoryMap.shared(file, 0, size, true, arena);
      return new MemoryStorage(memory, Optional.of(file.duplicate()), arena);
    } catch (Throwable t) {
      arena.close();
      throw t;
    }
  }

  @Override
  public void close() {
    arena.close();
    file.ifPresent(Fd::close);
  }
}
