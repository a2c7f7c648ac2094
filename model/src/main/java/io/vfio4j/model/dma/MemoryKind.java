// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

/**
 * What lies behind an I/O virtual address.
 *
 * <p>
 * A device of hardware reaches memory and peers alike, by way of the IOMMU. An emulated device does its DMA with
 * the processor: it copies, maps and gathers pages, and a peer's region has none. So whoever hands memory to an emulated
 * device hands out {@link #MEMORY} only, and refuses the rest with a {@link MemoryKindException}.
 */
public enum MemoryKind {

  /** Pages that the host's processors can touch. */
  MEMORY("host memory"),

  /**
   * A region of another device. It can be reached by an emulated device only if its owner exported it as a descriptor
   * that can be mapped; it counts as memory for the copier then, and as peer-to-peer traffic for who has to be quiet.
   */
  PEER("peer memory, a region of another device"),

  /** Memory that its owner did not hand over, and that has to be asked for by message. */
  OPAQUE("opaque memory, which its owner did not hand over");

  private final String description;

  MemoryKind(String words) {
    this.description = words;
  }

  /** Returns what this is, for messages. */
  public String description() {
    return description;
  }
}
