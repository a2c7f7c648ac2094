// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;

/**
 * How a file is mapped for a device.
 *
 * @param writable whether the device may write it
 * @param kind {@link MemoryKind#MEMORY}, or {@link MemoryKind#PEER} for another device's region that was exported as a
 *     file: traffic to it has to stop in the states without peer-to-peer DMA
 * @param fileIo whether the server is to read and write the file instead of mapping it, as for one that has no
 *     mappings
 */
public record DmaOptions(boolean writable, MemoryKind kind, boolean fileIo) {

  /** Host memory that the device only reads. */
  public static final DmaOptions READ_ONLY = new DmaOptions(false, MemoryKind.MEMORY, false);

  /** Host memory that the device reads and writes. */
  public static final DmaOptions READ_WRITE = new DmaOptions(true, MemoryKind.MEMORY, false);

  /**
   * Checks the kind.
   *
   * @throws IllegalArgumentException for {@link MemoryKind#OPAQUE}, which has no file
   */
  public DmaOptions {
    if (kind == MemoryKind.OPAQUE) {
      throw new IllegalArgumentException("memory that comes with a file is not opaque");
    }
  }

  /** Returns this for the exported region of another device. */
  public DmaOptions asPeer() {
    return new DmaOptions(writable, MemoryKind.PEER, fileIo);
  }

  /** Returns this for a file that is read and written instead of mapped. */
  public DmaOptions withFileIo() {
    return new DmaOptions(writable, kind, true);
  }

  /** Returns the flags of DMA_MAP. */
  int flags(boolean tellsPeers) {
    return DmaMap.READ | (writable ? DmaMap.WRITE : 0)
        | (fileIo ? DmaMap.FILE_IO : DmaMap.MMAP)
        | (tellsPeers && kind == MemoryKind.PEER ? DmaMap.PEER : 0);
  }
}
