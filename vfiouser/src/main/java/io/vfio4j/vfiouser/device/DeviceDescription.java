// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.wire.CapabilityChain;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * The fixed properties of a device, as DEVICE_GET_INFO, DEVICE_GET_REGION_INFO and DEVICE_GET_IRQ_INFO return
 * them.
 *
 * @param name the kind of device, for messages
 * @param regions the regions by index: 0 to 5 BARs, 6 ROM, 7 config space, 8 VGA; {@link Region#NONE} for an
 *     unused index
 * @param irqCounts the number of interrupts by index: 0 INTx, 1 MSI, 2 MSI-X, 3 error, 4 request
 */
public record DeviceDescription(String name, List<Region> regions, List<Integer> irqCounts) {

  /** Index of the region with the PCI config space ({@code VFIO_PCI_CONFIG_REGION_INDEX}). */
  public static final int CONFIG_REGION = RegionInfo.CONFIG_INDEX;

  /** Index of the legacy interrupt ({@code VFIO_PCI_INTX_IRQ_INDEX}). */
  public static final int INTX = 0;

  /** Index of the MSI interrupts ({@code VFIO_PCI_MSI_IRQ_INDEX}). */
  public static final int MSI = 1;

  /** Index of the MSI-X interrupts ({@code VFIO_PCI_MSIX_IRQ_INDEX}). */
  public static final int MSIX = 2;

  /**
   * A region.
   *
   * @param size bytes, 0 for an unused index; a power of two for a BAR
   * @param writable whether it can be written
   * @param mappable whether {@link EmulatedDevice#regionFile} returns its memory
   * @param capabilities its capabilities. A mappable region without a {@link SparseMmap} gets one for the
   *     whole region
   * @param doorbells places that a client may write by signalling an eventfd; of 1, 2, 4 or 8 bytes. Put the
   *     most important first: a client gets as many as a message can carry. The device sees a signal as a
   *     write of the doorbell's datamatch, or of zeros; several signals may be seen as one write
   */
  public record Region(long size, boolean writable, boolean mappable, List<RegionCapability> capabilities,
      List<Doorbell> doorbells) {

    /** An unused index. */
    public static final Region NONE = new Region(0, false, false);

    /**
     * Checks the size, the capabilities and the doorbells.
     *
     * @throws IllegalArgumentException if the size is negative, a mappable area or a doorbell is outside the
     *     region, areas overlap or are not whole pages, a doorbell has an invalid size or the region cannot
     *     be written, or the capabilities have more than 4064 bytes
     */
    public Region {
      if (size < 0) {
        throw new IllegalArgumentException("a region of " + size + " bytes");
      }
      List<RegionCapability> all = new ArrayList<>(capabilities);
      if (mappable && all.stream().noneMatch(SparseMmap.class::isInstance)) {
        all.add(SparseMmap.whole(size));
      }
      capabilities = List.copyOf(all);
      check(size, capabilities);
      doorbells = List.copyOf(doorbells);
      for (Doorbell doorbell : doorbells) {
        if (!writable || !Doorbell.isAccessSize(doorbell.size()) || !doorbell.isWithin(size)) {
          throw new IllegalArgumentException("%s in a region of %d bytes".formatted(doorbell, size));
        }
      }
    }

    /** Creates a region without doorbells. */
    public Region(long size, boolean writable, boolean mappable, List<RegionCapability> capabilities) {
      this(size, writable, mappable, capabilities, List.of());
    }

    /** Creates a region without capabilities and doorbells. */
    public Region(long size, boolean writable, boolean mappable) {
      this(size, writable, mappable, List.of());
    }

    /** Returns this region with these doorbells. */
    public Region withDoorbells(List<Doorbell> others) {
      return new Region(size, writable, mappable, capabilities, others);
    }

    private static void check(long size, List<RegionCapability> capabilities) {
      long bytes = CapabilityChain.size(capabilities);
      if (bytes > CapabilityChain.MAX_SIZE || (size == 0 && !capabilities.isEmpty())) {
        throw new IllegalArgumentException(
            "a region of %d bytes with %d bytes of capabilities".formatted(size, bytes));
      }
      for (RegionCapability capability : capabilities) {
        if (capability instanceof SparseMmap areas) {
          areas.validationError(size).ifPresent(flaw -> {
            throw new IllegalArgumentException(flaw);
          });
        }
      }
    }
  }

  public DeviceDescription {
    regions = List.copyOf(regions);
    irqCounts = List.copyOf(irqCounts);
  }
}
