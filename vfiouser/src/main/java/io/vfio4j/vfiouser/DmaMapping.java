// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MemoryKind;
import org.jspecify.annotations.Nullable;

/** A mapping that the client made with DMA_MAP. */
final class DmaMapping implements AutoCloseable {

  static final int READ = 1;
  static final int WRITE = 2;
  static final int MMAP = 4;
  static final int FILE_IO = 8;
  /** Ours, negotiated: the memory is a region of another device. */
  static final int PEER = 0x100;

  /**
   * What a client asks for.
   *
   * @param range where the device sees the memory
   * @param flags of DMA_MAP, all known
   * @param offset where in the file it begins
   */
  record Wanted(IovaRange range, int flags, long offset) {

    boolean byFileIo() {
      // Who allows both lets us choose.
      return (flags & (MMAP | FILE_IO)) == FILE_IO;
    }
  }

  private final Wanted wanted;
  private final boolean hasFile;
  private final MemoryKind kind;
  private final DmaBacking backing;

  /**
   * Makes a mapping.
   *
   * @param fd the memory, which stays the caller's; or null if the client keeps it to itself
   * @param client whom to ask for memory that it keeps to itself
   * @throws ErrnoException if the file cannot be mapped so
   */
  DmaMapping(Wanted wanted, @Nullable Fd fd, RemoteMemory client) throws ErrnoException {
    this.wanted = wanted;
    this.hasFile = fd != null;
    boolean isPeer = (wanted.flags & PEER) != 0;
    kind = isPeer ? MemoryKind.PEER : hasFile ? MemoryKind.MEMORY : MemoryKind.OPAQUE;
    backing = fd != null ? backing(wanted, fd)
        : isPeer ? new UnexportedPeer(wanted.range)
            : new OpaqueMemory(client, wanted.range.iova());
  }

  private static DmaBacking backing(Wanted wanted, Fd fd) throws ErrnoException {
    long size = wanted.range.length();
    return wanted.byFileIo() ? new FileMemory(fd, wanted.offset, size)
        : new SharedMemory(fd, wanted.offset, size, (wanted.flags & WRITE) != 0);
  }

  IovaRange range() {
    return wanted.range;
  }

  /** Tells whether a request for a mapping is the one that this was made by, as far as it can be told. */
  boolean isWhat(Wanted other, boolean withFile) {
    return wanted.equals(other) && hasFile == withFile;
  }

  MemoryKind kind() {
    return kind;
  }

  /** Tells whether what goes there is peer-to-peer traffic. */
  boolean isExportedPeer() {
    return kind == MemoryKind.PEER && hasFile;
  }

  /** Returns how much of so many bytes from an address in this mapping lies in it. */
  long reach(long iova, long length) {
    long after = range().last() - iova;
    return Long.compareUnsigned(length - 1, after) <= 0 ? length : after + 1;
  }

  boolean allows(int access) {
    return (wanted.flags & access) == access;
  }

  DmaBacking backing() {
    return backing;
  }

  @Override
  public void close() {
    backing.close();
  }
}
