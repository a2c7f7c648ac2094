// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import org.jspecify.annotations.Nullable;

/** A mapping that the client made with DMA_MAP. */
final class DmaMapping implements AutoCloseable {

  /**
   * What a client asks for.
   *
   * @param range where the device sees the memory
   * @param flags of DMA_MAP, all known
   * @param offset where in the file it begins
   */
  record MapRequest(IovaRange range, int flags, long offset) {

    boolean usesFileIo() {
      // Who allows both lets us choose.
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

  /**
   * Makes a mapping.
   *
   * @param file the memory, whose descriptor stays the caller's; or null if the client keeps it to itself
   * @param files reach it
   * @param client whom to ask for memory that it keeps to itself
   * @throws ErrnoException if the file cannot be reached so
   */
  DmaMapping(MapRequest wanted, @Nullable ClientFile file, DmaBackingFactory files, RemoteMemory client)
      throws ErrnoException {
    this.request = wanted;
    this.file = file;
    boolean isPeer = (wanted.flags & DmaMap.PEER) != 0;
    kind = isPeer ? MemoryKind.PEER : file != null ? MemoryKind.MEMORY : MemoryKind.OPAQUE;
    backing = file != null ? files.open(wanted, file)
        : isPeer ? new UnexportedPeer(wanted.range)
            : new MessageMemory(client, wanted.range.iova());
  }

  IovaRange range() {
    return request.range;
  }

  /** Returns whether a request for a mapping is the one that this was made by: of the same file, too. */
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

  /** Tells whether what goes there is peer-to-peer traffic. */
  boolean isExportedPeer() {
    return kind == MemoryKind.PEER && file != null;
  }

  /** Returns how much of so many bytes from an address in this mapping lies in it. */
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
    backing.close();
  }
}
