// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKindException;
import java.lang.foreign.MemorySegment;

/** What lies behind a mapping, and how bytes get there and back. The caller has checked the range and the access. */
interface DmaBacking extends AutoCloseable {

  /** Checks that it can be reached at all, before anything is touched. */
  default void checkReachable() throws MemoryKindException {
    // Nearly everything can.
  }

  /**
   * Reads.
   *
   * @param offset from the mapping's beginning, bytes
   * @param into where to put the bytes
   * @param at where in there, bytes
   * @param length how many
   */
  void read(long offset, MemorySegment into, long at, long length) throws ErrnoException;

  /**
   * Writes.
   *
   * @param offset from the mapping's beginning, bytes
   * @param from the bytes
   * @param at where in there, bytes
   * @param length how many
   */
  void write(long offset, MemorySegment from, long at, long length) throws ErrnoException;

  /**
   * Returns the memory itself, which ends with the mapping.
   *
   * @param mapping where the device sees it, for the error
   * @throws MemoryKindException if it is not to be had, or could vanish under who touches it
   */
  MemorySegment segment(IovaRange mapping) throws MemoryKindException;

  @Override
  void close();
}
