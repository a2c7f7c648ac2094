// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A mapping that the client created by DMA_MAP. */
final class DmaMapping implements AutoCloseable {

  /**
   * The request for a mapping.
   *
   * @param range the I/O virtual addresses
   * @param flags the flags of DMA_MAP; unknown ones have been refused
   * @param offset its offset in the file, bytes
   */
  record MapRequest(IovaRange range, int flags, long offset) {

    boolean usesFileIo() {
      // If both are allowed, the server chooses.
      return (flags & (DmaMap.MMAP | DmaMap.FILE_IO)) == DmaMap.FILE_IO;
    }

    boolean isWritable() {
      return (flags & DmaMap.WRITE) != 0;
    }
  }

  private final MapRequest request;
  private final @Nullable ClientFile file;
  private final MemoryKind kind;
  private final DmaBacking backing;
  private final OpenFileCache.@Nullable CachedFile kept;

  /**
   * Creates a mapping.
   *
   * @param file the memory, whose descriptor stays the caller's; null if it is accessed by message
   * @param files selects how the file is accessed
   * @param client accesses memory by message
   * @throws ErrnoException as {@link DmaBackingFactory#open}
   */
  DmaMapping(MapRequest request, @Nullable ClientFile file, DmaBackingFactory files, RemoteMemory client)
      throws ErrnoException {
    this.request = request;
    this.file = file;
    boolean isPeer = (request.flags & DmaMap.PEER) != 0;
    kind = isPeer ? MemoryKind.PEER : file != null ? MemoryKind.MEMORY : MemoryKind.OPAQUE;
    kept = file != null ? files.keep(file) : null;
    backing = file != null ? open(files, request, file)
        : isPeer ? new UnexportedPeer(request.range)
            : new MessageMemory(client, request.range.iova());
  }

  private DmaBacking open(DmaBackingFactory files, MapRequest wanted, ClientFile client)
      throws ErrnoException {
    try {
      return files.open(wanted, client);
    } catch (ErrnoException | RuntimeException e) {
      if (kept != null) {
        kept.close();
      }
      throw e;
    }
  }

  MapRequest request() {
    return request;
  }

  /** Returns the descriptor of the file that was kept, if there is one. */
  Optional<Fd> keptFile() {
    return Optional.ofNullable(kept).map(OpenFileCache.CachedFile::fd);
  }

  IovaRange range() {
    return request.range;
  }

  /** Returns whether a request is for this very mapping, with the same file. */
  boolean matches(MapRequest other, @Nullable ClientFile otherFile) {
    return request.equals(other) && hasFile(otherFile);
  }

  private boolean hasFile(@Nullable ClientFile otherFile) {
    if (file == null) {
      return otherFile == null;
    }
    return otherFile != null && file.isSameFile(otherFile);
  }

  MemoryKind kind() {
    return kind;
  }

  /** Returns whether accesses are peer-to-peer traffic. */
  boolean isExportedPeer() {
    return kind == MemoryKind.PEER && file != null;
  }

  /** Returns how many bytes of a range that begins in this mapping are in it. */
  long lengthWithin(long iova, long length) {
    long after = range().last() - iova;
    return Long.compareUnsigned(length - 1, after) <= 0 ? length : after + 1;
  }

  boolean allows(int access) {
    return (request.flags & access) == access;
  }

  DmaBacking backing() {
    return backing;
  }

  @Override
  public void close() {
    try {
      backing.close();
    } finally {
      if (kept != null) {
        kept.close();
      }
    }
  }
}
