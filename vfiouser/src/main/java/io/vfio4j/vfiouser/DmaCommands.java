// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Structs.DmaMap;
import io.vfio4j.vfiouser.Structs.DmaUnmap;

/** DMA_MAP and DMA_UNMAP. */
final class DmaCommands {

  private static final int KNOWN_FLAGS = DmaMapping.READ | DmaMapping.WRITE | DmaMapping.MMAP;

  private final DmaTable table;
  private final Limits limits;

  DmaCommands(DmaTable table, Limits limits) {
    this.table = table;
    this.limits = limits;
  }

  void map(Request request, Reply reply) throws ErrnoException {
    request.needsArgsz(DmaMap.SIZE);
    int flags = request.u32(DmaMap.FLAGS);
    if ((flags & DmaMapping.FILE_IO) != 0) {
      throw new ErrnoException(Errno.EOPNOTSUPP, "memory reached by file I/O");
    }
    if ((flags & ~KNOWN_FLAGS) != 0) {
      throw new ErrnoException(Errno.EINVAL, "DMA_MAP with flags 0x" + Integer.toHexString(flags));
    }
    if (request.fds().count() > 1) {
      throw new ErrnoException(Errno.EINVAL, "DMA_MAP with " + request.fds().count() + " descriptors");
    }
    int access = flags & (DmaMapping.READ | DmaMapping.WRITE);
    // The mapping keeps the memory, so the descriptor can go.
    try (Fd fd = request.fds().count() == 1 ? request.fds().take(0) : null) {
      table.map(request.u64(DmaMap.IOVA), request.u64(DmaMap.LENGTH), access, fd, request.u64(DmaMap.OFFSET),
          limits.maxDmaMaps());
    }
  }

  void unmap(Request request, Reply reply) throws ErrnoException {
    request.needsArgsz(DmaUnmap.SIZE);
    int flags = request.u32(DmaUnmap.FLAGS);
    long iova = request.u64(DmaUnmap.IOVA);
    long size = request.u64(DmaUnmap.LENGTH);
    switch (flags) {
      case 0 -> table.unmap(iova, size);
      case DmaUnmap.ALL -> {
        if (iova != 0 || size != 0) {
          throw new ErrnoException(Errno.EINVAL, "DMA_UNMAP of all with a range");
        }
        table.unmapAll();
      }
      case DmaUnmap.GET_DIRTY_BITMAP -> throw new ErrnoException(Errno.EOPNOTSUPP,
          "DMA_UNMAP with a dirty bitmap: use DMA logging");
      default ->
        throw new ErrnoException(Errno.EINVAL, "DMA_UNMAP with flags 0x" + Integer.toHexString(flags));
    }
    reply.echo(request, DmaUnmap.SIZE);
  }
}
