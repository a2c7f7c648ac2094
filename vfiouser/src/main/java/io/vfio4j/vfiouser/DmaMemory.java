// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The memory that a device may reach, by I/O virtual address.
 *
 * <p>
 * Accesses are whole or not at all as far as mappings decide it: the range is checked before a byte is moved. They
 * may lie across several mappings. Every write is noted in the DMA log if that is on.
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
}
