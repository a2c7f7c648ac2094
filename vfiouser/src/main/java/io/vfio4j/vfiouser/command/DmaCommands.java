// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.dma.DmaTable;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.DmaUnmap;
import java.lang.foreign.MemorySegment;

/** DMA_MAP and DMA_UNMAP. */
public final class DmaCommands implements CommandHandlers {

  private final DmaTable table;
  private final DirtyBitmapBuffer bitmaps;
  private final Limits limits;
  private final int knownFlags;

  /**
   * @param flagsPeers whether the client flags mappings of peers
   */
  public DmaCommands(DmaTable table, DirtyBitmapBuffer bitmaps, Limits limits, boolean flagsPeers) {
    this.table = table;
    this.bitmaps = bitmaps;
    this.limits = limits;
    knownFlags = DmaMap.READ | DmaMap.WRITE | DmaMap.MMAP | DmaMap.FILE_IO
        | (flagsPeers ? DmaMap.PEER : 0);
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DMA_MAP, this::map);
    table.put(Command.DMA_UNMAP, this::unmap);
  }

  private void map(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(DmaMap.SIZE);
    int flags = request.u32(DmaMap.FLAGS);
    if ((flags & ~knownFlags) != 0) {
      throw new ErrnoException(Errno.EINVAL, "DMA_MAP with flags 0x" + Integer.toHexString(flags));
    }
    if (request.fds().count() > 1) {
      throw new ErrnoException(Errno.EINVAL, "DMA_MAP with " + request.fds().count() + " descriptors");
    }
    long iova = request.u64(DmaMap.IOVA);
    long size = request.u64(DmaMap.LENGTH);
    if (!limits.isPageMultiple(iova | size)) {
      throw new ErrnoException(Errno.EINVAL, "DMA_MAP of 0x%x+0x%x, not whole pages".formatted(iova, size));
    }
    // The mapping keeps the memory, so the descriptor can be closed.
    try (Fd fd = request.fds().count() == 1 ? request.fds().take(0) : null) {
      table.map(iova, size, flags, fd, request.u64(DmaMap.OFFSET), limits.maxDmaMaps());
    }
  }

  private void unmap(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(DmaUnmap.SIZE);
    int flags = request.u32(DmaUnmap.FLAGS);
    long iova = request.u64(DmaUnmap.IOVA);
    long size = request.u64(DmaUnmap.LENGTH);
    switch (flags) {
      case 0 -> {
        table.unmap(iova, size);
        reply.echo(request, DmaUnmap.SIZE);
      }
      case DmaUnmap.ALL -> {
        if (iova != 0 || size != 0) {
          throw new ErrnoException(Errno.EINVAL, "DMA_UNMAP of all with a range");
        }
        table.unmapAll();
        reply.echo(request, DmaUnmap.SIZE);
      }
      case DmaUnmap.GET_DIRTY_BITMAP -> unmapWithBitmap(request, reply);
      default ->
        throw new ErrnoException(Errno.EINVAL, "DMA_UNMAP with flags 0x" + Integer.toHexString(flags));
    }
  }

  /** The bitmap has the size that the client has room for; the excess is zero. */
  private void unmapWithBitmap(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(DmaUnmap.SIZE_WITH_BITMAP);
    long iova = request.u64(DmaUnmap.IOVA);
    long size = request.u64(DmaUnmap.LENGTH);
    long pageSize = request.u64(DmaUnmap.PAGE_SIZE);
    long room = request.u64(DmaUnmap.BITMAP_LENGTH);
    request.requireArgsz(DmaUnmap.SIZE_WITH_BITMAP, room);
    table.checkMapped(iova, size);
    long needed = bitmaps.size(iova, size, pageSize);
    if (Long.compareUnsigned(room, needed) < 0) {
      throw new ErrnoException(Errno.EINVAL,
          "a bitmap of %d bytes, of which %d are needed".formatted(room, needed));
    }
    MemorySegment bitmap = bitmaps.allocate(room);
    table.unmap(iova, size, pageSize, bitmap);
    reply.echo(request, DmaUnmap.SIZE_WITH_BITMAP).tail(bitmap);
  }
}
