// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The memory that a device can access, by I/O virtual address.
 *
 * <p>
 * An access may span several mappings. The whole range is checked before a byte is copied. Every write is
 * recorded in the DMA log if that is active.
 *
 * <p>
 * An emulated device accesses memory with the CPU, so this is host memory only. A region of another device
 * ({@link MemoryKind#PEER}) has no pages to copy or map. Every method that accesses memory refuses it with a
 * {@link MemoryKindException} (EFAULT), before anything is copied, unless its owner exported it as a
 * descriptor: then it is accessed like memory, and counts as peer-to-peer traffic.
 */
public interface DmaMemory {

  /**
   * Checks that a range can be accessed, without accessing it. A device that accesses a range in several
   * pieces calls this first, so that a hole at the end is found before the beginning is accessed.
   *
   * @param iova the first address
   * @param length bytes, at least 0
   * @param writes whether it will be written, otherwise read
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part does not permit this access
   */
  void check(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Reads memory.
   *
   * @param iova the first address
   * @param into the segment to fill
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part may not be read; EIO, ETIMEDOUT
   *     and others if the owner of the memory fails
   */
  void read(long iova, MemorySegment into) throws ErrnoException;

  /**
   * Writes memory.
   *
   * @param iova the first address
   * @param from the bytes
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part may not be written; EIO,
   *     ETIMEDOUT and others if the owner of the memory fails
   */
  void write(long iova, MemorySegment from) throws ErrnoException;

  /**
   * Writes a 64-bit number, little-endian, in one access if it is aligned.
   *
   * @param iova the address
   * @param value the number
   * @throws ErrnoException as {@link #write}
   */
  void writeLong(long iova, long value) throws ErrnoException;

  /** Returns the mapping with the lowest address, if there is one. */
  Optional<IovaRange> lowestMapping();

  /**
   * Records memory as written, without writing it.
   *
   * @param iova the first address
   * @param length bytes
   */
  void markDirty(long iova, long length);

  /**
   * Returns the memory itself, for access by the device's thread without a copy.
   *
   * <p>
   * The segment is read-only unless {@code writes}. It ends with its mapping: after that, an access throws
   * {@link IllegalStateException}. Only memory that cannot disappear during an access is returned: not memory
   * accessed by message or by file I/O, nor a file that its owner can truncate.
   *
   * @param iova the first address
   * @param length bytes, at least 1
   * @param writes whether it will be written too; the device then calls {@link #markDirty} after writing
   * @throws ErrnoException EFAULT if a part is not mapped, is in another mapping, or can only be copied (a
   *     {@link MemoryKindException}); EACCES if a part does not permit this access
   */
  MemorySegment map(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Returns a range as a list of segments, one for each mapping, in order; all of it or nothing.
   *
   * @param iova the first address
   * @param length bytes, at least 0
   * @param writes as for {@link #map}, which also describes the segments
   * @throws ErrnoException as {@link #map}, except that the range may span mappings
   */
  List<MemorySegment> scatter(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Returns whether DMA to a range may be peer-to-peer, and so must not be started in the P2P states: if an
   * exported peer is mapped anywhere in it, or always if the client does not distinguish peers from memory.
   *
   * @param iova the first address
   * @param length bytes; a range that wraps around counts up to the last address, and an empty one is never
   *     peer-to-peer
   */
  boolean mayBePeer(long iova, long length);

  /** Returns the number of bytes copied from and to exported peers so far. */
  long peerTraffic();
}
