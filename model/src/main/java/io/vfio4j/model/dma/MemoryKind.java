// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

/**
 * The kind of memory behind an I/O virtual address.
 *
 * <p>
 * A hardware device reaches memory and peers alike, through the IOMMU. An emulated device does its DMA with
 * the processor: it copies, maps and gathers pages, and the region of a peer has none. Therefore an emulated
 * device is given {@link #MEMORY} only; other kinds are refused with a {@link MemoryKindException}.
 */
public enum MemoryKind {

  /** Pages that the host's processors can access. */
  MEMORY("host memory"),

  /**
   * A region of another device. An emulated device can access it only if its owner exported it as a
   * descriptor that can be mapped. It is then accessed like memory, but counts as peer-to-peer traffic for a
   * device that must be quiescent.
   */
  PEER("peer memory, a region of another device"),

  /** Memory whose owner did not share a descriptor, so that it can only be accessed by messages. */
  OPAQUE("opaque memory, which its owner did not share");

  private final String description;

  MemoryKind(String description) {
    this.description = description;
  }

  /** Returns a description for messages. */
  public String description() {
    return description;
  }
}
