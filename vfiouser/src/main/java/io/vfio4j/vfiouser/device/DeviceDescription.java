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
 * What a device shows of itself, as DEVICE_GET_INFO, GET_REGION_INFO and GET_IRQ_INFO answer it.
 *
 * @param name the kind of device, for messages
 * @param regions the regions by index: 0 to 5 BARs, 6 ROM, 7 config space, 8 VGA; a size of 0 where there is none
 * @param irqCounts how many interrupts there are by index: 0 INTx, 1 MSI, 2 MSI-X, 3 error, 4 request
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
   * @param size bytes, 0 where there is no such region; a power of two for a BAR
   * @param writable whether it takes writes
   * @param mappable whether {@link EmulatedDevice#regionFile} has its memory
   * @param capabilities what else is said of it. A mappable region that does not say which parts can be mapped can be
   *     mapped as a whole, and says so
   * @param doorbells where a client may have an eventfd for its writes; of 1, 2, 4 or 8 bytes. The first ones count
   *     most: a client gets as many as a message can carry. When one rings, the device sees a write of its datamatch,
   *     or of zeros; that it rang several times may be seen as one write
   */
  public record Region(long size, boolean writable, boolean mappable, List<RegionCapability> capabilities,
      List<Doorbell> doorbells) {

    /** No such region. */
    public static final Region NONE = new Region(0, false, false);

    /**
     * Checks the size, the capabilities and the doorbells.
     *
     * @throws IllegalArgumentException if the size is negative, a part to be mapped or a doorbell lies outside,
     *     parts lie upon each other or are not of whole pages, a doorbell is in a region that takes no writes or has another size, or the capabilities have more than 4064
     *     bytes
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

    /** Makes a region without doorbells. */
    public Region(long size, boolean writable, boolean mappable, List<RegionCapability> capabilities) {
      this(size, writable, mappable, capabilities, List.of());
    }

    /** Makes a region of which nothing else is to be said. */
    public Region(long size, boolean writable, boolean mappable) {
      this(size, writable, mappable, List.of());
    }

    /** Returns this region with other doorbells. */
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

  /** Copies the lists. */
  public DeviceDescription {
    regions = List.copyOf(regions);
    irqCounts = List.copyOf(irqCounts);
  }
}
