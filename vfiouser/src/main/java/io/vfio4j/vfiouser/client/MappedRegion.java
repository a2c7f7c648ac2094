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

/** A region, and its memory if the server shares it. */
public final class MappedRegion implements AutoCloseable {

  private final RegionInfo info;
  private final @Nullable Fd fd;
  private final long offset;

  MappedRegion(RegionInfo info, @Nullable Fd fd, long offset) {
    this.info = info;
    this.fd = fd;
    this.offset = offset;
  }

  /** Returns what the server says of the region. */
  public RegionInfo info() {
    return info;
  }

  boolean hasMemory() {
    return fd != null;
  }

  /** Returns the region's memory, owned by this object. */
  public Fd fd() {
    if (fd == null) {
      throw new IllegalStateException("region " + info.index() + " came without memory");
    }
    return fd;
  }

  /** Returns where in the file the region begins, bytes. */
  public long offset() {
    return offset;
  }

  /**
   * Returns the parts of the region that can be mapped: those that the server names, or else all of it. None lies upon
   * another.
   */
  public List<SparseMmap.Area> areas() {
    return info.capability(SparseMmap.class).map(SparseMmap::areas)
        .orElseGet(() -> info.size() == 0 ? List.of() : SparseMmap.whole(info.size()).areas());
  }

  /**
   * Maps a part of the region, writable if the region is.
   *
   * @param area one of {@link #areas}
   * @param arena what unmaps it
   * @return the part, shared with the device. The server can still make its file shorter: an access is an
   *     {@link InternalError} then. A file whose pages never come, as of a file system in user space, halts the process:
   *     map only what a server that is trusted shares
   * @throws LinuxException EACCES if the server's file is not open for that, EINVAL if the server has it begin within a
   *     page, and others
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
