// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;

/**
 * Options of a DMA mapping of a file.
 *
 * @param writable whether the device may write it
 * @param kind {@link MemoryKind#MEMORY}, or {@link MemoryKind#PEER} for another device's region that was
 *     exported as a file: DMA to it must stop in the P2P states
 * @param fileIo whether the server should read and write the file instead of mapping it, as for a file that
 *     cannot be mapped
 */
public record DmaOptions(boolean writable, MemoryKind kind, boolean fileIo) {

  /** Host memory that the device may only read. */
  public static final DmaOptions READ_ONLY = new DmaOptions(false, MemoryKind.MEMORY, false);

  /** Host memory that the device may read and write. */
  public static final DmaOptions READ_WRITE = new DmaOptions(true, MemoryKind.MEMORY, false);

  /**
   * Checks the kind.
   *
   * @throws IllegalArgumentException for {@link MemoryKind#OPAQUE}, which has no file
   */
  public DmaOptions {
    if (kind == MemoryKind.OPAQUE) {
      throw new IllegalArgumentException("a file is not opaque memory");
    }
  }

  /** Returns these options for the exported region of another device. */
  public DmaOptions asPeer() {
    return new DmaOptions(writable, MemoryKind.PEER, fileIo);
  }

  /** Returns these options for a file that is read and written instead of mapped. */
  public DmaOptions withFileIo() {
    return new DmaOptions(writable, kind, true);
  }

  /** Returns the flags of DMA_MAP. */
  int flags(boolean sendsPeerFlag) {
    return DmaMap.READ | (writable ? DmaMap.WRITE : 0)
        | (fileIo ? DmaMap.FILE_IO : DmaMap.MMAP)
        | (sendsPeerFlag && kind == MemoryKind.PEER ? DmaMap.PEER : 0);
  }
}
