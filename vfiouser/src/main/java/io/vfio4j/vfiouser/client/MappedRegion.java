// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A region, with its memory if the server shares it. */
public final class MappedRegion implements AutoCloseable {

  private final RegionInfo info;
  private final @Nullable Fd fd;
  private final long offset;

  MappedRegion(RegionInfo info, @Nullable Fd fd, long offset) {
    this.info = info;
    this.fd = fd;
    this.offset = offset;
  }

  /** Returns the server's description of the region. */
  public RegionInfo info() {
    return info;
  }

  boolean hasMemory() {
    return fd != null;
  }

  /** Returns the region's memory, owned by this object. */
  public Fd fd() {
    if (fd == null) {
      throw new IllegalStateException("region " + info.index() + " has no memory");
    }
    return fd;
  }

  /** Returns where in the file the region begins, bytes. */
  public long offset() {
    return offset;
  }

  /**
   * Returns the areas of the region that can be mapped: those of the sparse mmap capability, or the whole
   * region. They do not overlap.
   */
  public List<SparseMmap.Area> areas() {
    return info.capability(SparseMmap.class).map(SparseMmap::areas)
        .orElseGet(() -> info.size() == 0 ? List.of() : SparseMmap.whole(info.size()).areas());
  }

  /**
   * Maps an area of the region, writable if the region is.
   *
   * @param area one of {@link #areas}
   * @param arena unmaps it when closed
   * @return the area, shared with the device. If the server truncates the file, an access throws
   *     {@link InternalError}. A page fault that is never resolved, as in a file system in user space, stops
   *     the process: only map memory of a trusted server
   * @throws LinuxException EACCES if the server's file is not open for this access, EINVAL if its offset is
   *     not a multiple of the page size, or another errno of mmap
   */
  public MemorySegment map(SparseMmap.Area area, Arena arena) throws LinuxException {
    if (!areas().contains(area)) {
      throw new IllegalArgumentException(area + " of region " + info.index() + " cannot be mapped");
    }
    return MemoryMap.shared(fd(), offset + area.offset(), area.size(), info.writable(), arena);
  }

  @Override
  public void close() {
    if (fd != null) {
      fd.close();
    }
  }
}
