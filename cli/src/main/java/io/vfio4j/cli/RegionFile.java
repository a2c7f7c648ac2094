// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.BackingStore;
import io.vfio4j.linux.FileSpace;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The file that a region is mapped from. Of one that has another file in its place by now, or none, nobody can tell how
 * much room there is.
 *
 * @param path where it was when it was mapped
 * @param mapped what was there then
 */
record RegionFile(Path path, FileSpace mapped) implements BackingStore {

  static RegionFile of(Path path) throws LinuxException {
    return new RegionFile(path, FileSpace.of(path));
  }

  @Override
  public void allocate(MemorySegment pages) throws LinuxException {
    try {
      MemoryMap.populate(pages);
    } catch (LinuxException e) {
      if (e.errno() != Errno.EINVAL) { // Kernels before 5.14 do not know it.
        throw e;
      }
    }
  }

  @Override
  public Optional<Space> space() {
    FileSpace now;
    try {
      now = FileSpace.of(path);
    } catch (LinuxException e) {
      return Optional.empty();
    }
    return now.available().isPresent() && now.isSameFile(mapped)
        ? Optional.of(new Space(now.fileSystem(), now.allocated(), now.available().getAsLong()))
        : Optional.empty();
  }
}
