// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
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

  @Override
  public void close() {
    if (fd != null) {
      fd.close();
    }
  }
}
