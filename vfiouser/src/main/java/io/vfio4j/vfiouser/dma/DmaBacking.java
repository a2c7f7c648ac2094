// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;

/** The memory of a mapping, and how it is accessed. The caller has checked the range and the access. */
interface DmaBacking extends AutoCloseable {

  /** Checks that the memory can be accessed at all. */
  default void checkReachable() throws MemoryKindException {
    // All kinds but one can.
  }

  /**
   * Copies from the memory.
   *
   * @param offset in the mapping, bytes
   * @param into the destination
   * @param at the offset in that segment, bytes
   * @param length bytes
   */
  void read(long offset, MemorySegment into, long at, long length) throws ErrnoException;

  /**
   * Copies to the memory.
   *
   * @param offset in the mapping, bytes
   * @param from the source
   * @param at the offset in that segment, bytes
   * @param length bytes
   */
  void write(long offset, MemorySegment from, long at, long length) throws ErrnoException;

  /**
   * Returns the memory itself; the segment ends with the mapping.
   *
   * @param mapping the range of the mapping, for the error
   * @throws MemoryKindException if there is no such segment, or the memory could disappear during an access
   */
  MemorySegment segment(IovaRange mapping) throws MemoryKindException;

  @Override
  void close();
}
