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
 * The memory that a device may reach, by I/O virtual address.
 *
 * <p>
 * Accesses are whole or not at all as far as mappings decide it: the range is checked before a byte is moved. They
 * may lie across several mappings. Every write is noted in the DMA log if that is on.
 *
 * <p>
 * An emulated device does its DMA with the processor, so what is handed out here is host memory. A region of another
 * device ({@link MemoryKind#PEER}) has no pages to copy, map or gather, and is refused by every method that reaches
 * memory, with a {@link MemoryKindException} (EFAULT) and before anything is touched, unless its owner exported it as
 * a descriptor: then it is memory like any other, and counts as peer-to-peer traffic.
 */
public interface DmaMemory {

  /**
   * Checks that a range can be reached, without touching it. What is read or written in several pieces is checked
   * first, so that a hole at its end is found before its beginning is touched.
   *
   * @param iova the first address
   * @param length bytes, at least 0
   * @param writes whether it is to be written; else it is to be read
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part may not be reached so
   */
  void check(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Reads memory.
   *
   * @param iova the first address
   * @param into where to put the bytes
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part may not be read; EIO, ETIMEDOUT and
   *     others if the owner of the memory fails
   */
  void read(long iova, MemorySegment into) throws ErrnoException;

  /**
   * Writes memory.
   *
   * @param iova the first address
   * @param from the bytes
   * @throws ErrnoException EFAULT if a part is not mapped, EACCES if a part may not be written; EIO, ETIMEDOUT and
   *     others if the owner of the memory fails
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

  /** Returns the mapping with the lowest address, if there is any. */
  Optional<IovaRange> lowestMapping();

  /**
   * Notes memory as written, without writing.
   *
   * @param iova the first address
   * @param length bytes
   */
  void markDirty(long iova, long length);

  /**
   * Returns memory itself, to be touched by the device's thread without a copy.
   *
   * <p>
   * The segment has the length asked for, is read-only unless it was asked for to be written, and ends with the
   * mapping that it lies in: once that is gone, an access throws {@link IllegalStateException}. Only memory that cannot vanish
   * under who touches it is given away: not what is reached by message or by file I/O, nor a file that its owner may
   * still cut.
   *
   * @param iova the first address
   * @param length bytes, at least 1
   * @param writes whether it is to be written too; the device notes what it wrote by {@link #markDirty}, afterwards
   * @throws ErrnoException EFAULT if a part is not mapped, lies in another mapping, or may only be copied (a {@link
   *     MemoryKindException}); EACCES if a part may not be reached so
   */
  MemorySegment map(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Returns memory as a list of segments, one for each mapping that it lies in, in order. Either all of it, or none.
   *
   * @param iova the first address
   * @param length bytes, at least 0
   * @param writes as for {@link #map}, which also says what a segment may be used for
   * @throws ErrnoException as {@link #map}, except that it may lie in several mappings
   */
  List<MemorySegment> scatter(long iova, long length, boolean writes) throws ErrnoException;

  /**
   * Tells whether DMA to a range may be peer-to-peer, so that it must not be started in the states without: whether
   * an exported peer is mapped anywhere in it; or, where whoever maps memory cannot say what is a peer, always.
   *
   * @param iova the first address
   * @param length bytes; what wraps around counts up to the last address, and nothing is never peer-to-peer
   */
  boolean mayBePeer(long iova, long length);

  /** Returns how many bytes were copied from and to exported peers so far. */
  long peerTraffic();
}
