// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.irq.IrqTable;
import io.vfio4j.vfiouser.wire.CapabilityChain;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.DeviceInfo;
import io.vfio4j.vfiouser.wire.Structs.IrqInfo;
import io.vfio4j.vfiouser.wire.Structs.RegionInfo;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** DEVICE_GET_INFO, DEVICE_GET_REGION_INFO and DEVICE_GET_IRQ_INFO. */
public final class InfoCommands implements CommandHandlers {

  private final EmulatedDevice device;
  private final DeviceDescription description;
  private final IrqTable irqs;
  private final int maxMsgFds;
  private final Set<Integer> mappedRegions = new TreeSet<>();

  public InfoCommands(EmulatedDevice device, IrqTable irqs, int maxMsgFds) {
    this.device = device;
    this.description = device.description();
    this.irqs = irqs;
    this.maxMsgFds = maxMsgFds;
  }

  /** Returns the indexes of the regions whose memory the client has, and may have mapped. */
  public Set<Integer> mappedRegions() {
    return mappedRegions;
  }

  /**
   * Adds a region whose memory the client has from another server.
   *
   * @throws ErrnoException EINVAL if it is not memory here, or not the same
   */
  public void restoreMapped(int index) throws ErrnoException {
    if (index < 0 || index >= description.regions().size() || !description.regions().get(index).mappable()
        || !device.hasAdoptedMemory()) {
      throw new ErrnoException(Errno.EINVAL,
          "the VMM has mapped the memory of region %s, which was not passed"
              .formatted(Integer.toUnsignedString(index)));
    }
    mappedRegions.add(index);
  }

  /** Adds regions whose memory the client got from another object. */
  public void addMappedRegions(Set<Integer> regions) {
    mappedRegions.addAll(regions);
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_GET_INFO, this::deviceInfo);
    table.put(Command.DEVICE_GET_REGION_INFO, this::regionInfo);
    table.put(Command.DEVICE_GET_IRQ_INFO, this::irqInfo);
  }

  private void deviceInfo(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(DeviceInfo.SIZE);
    reply.size(DeviceInfo.SIZE).u32(0, DeviceInfo.SIZE)
        .u32(DeviceInfo.FLAGS, DeviceInfo.RESET | DeviceInfo.PCI)
        .u32(DeviceInfo.NUM_REGIONS, description.regions().size()).u32(DeviceInfo.NUM_IRQS, irqs.indexes());
  }

  private void regionInfo(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(RegionInfo.SIZE);
    int index = request.u32(RegionInfo.INDEX);
    if (index < 0 || index >= description.regions().size()) {
      throw new ErrnoException(Errno.EINVAL, "no region " + Integer.toUnsignedString(index));
    }
    DeviceDescription.Region region = description.regions().get(index);
    // A client that accepts no descriptors cannot map the region.
    Optional<Fd> file = region.mappable() && maxMsgFds > 0 ? device.regionFile(index) : Optional.empty();
    List<RegionCapability> capabilities =
        file.isPresent() ? region.capabilities() : withoutSparseMmap(region);
    int flags = 0;
    if (region.size() > 0) {
      flags = RegionInfo.READ | (region.writable() ? RegionInfo.WRITE : 0)
          | (file.isPresent() ? RegionInfo.MMAP : 0) | (capabilities.isEmpty() ? 0 : RegionInfo.CAPS);
    }
    int fullSize = (int) CapabilityChain.size(capabilities);
    reply.size(RegionInfo.SIZE).u32(0, fullSize).u32(RegionInfo.FLAGS, flags)
        .u32(RegionInfo.INDEX, index).u32(RegionInfo.CAP_OFFSET, capabilities.isEmpty() ? 0 : RegionInfo.SIZE)
        .u64(RegionInfo.LENGTH, region.size()).u64(RegionInfo.OFFSET, 0);
    // If argsz has no room for the chain, the reply contains the size needed, and the offset of the chain:
    // QEMU refuses the flag CAPS with an offset of 0, although the kernel replies so. The descriptor is sent
    // with the full reply only, because the client of the reference library does not expect one with the
    // short reply.
    if (Integer.compareUnsigned(request.u32(0), fullSize) < 0) {
      return;
    }
    reply.fd(file.orElse(null));
    if (file.isPresent()) {
      mappedRegions.add(index);
    }
    if (!capabilities.isEmpty()) {
      CapabilityChain.encode(capabilities, reply);
    }
  }

  private static List<RegionCapability> withoutSparseMmap(DeviceDescription.Region region) {
    return region.capabilities().stream().filter(capability -> !(capability instanceof SparseMmap)).toList();
  }

  private void irqInfo(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(IrqInfo.SIZE);
    int index = request.u32(IrqInfo.INDEX);
    if (index < 0 || index >= irqs.indexes()) {
      throw new ErrnoException(Errno.EINVAL, "no interrupt index " + Integer.toUnsignedString(index));
    }
    reply.size(IrqInfo.SIZE).u32(0, IrqInfo.SIZE).u32(IrqInfo.FLAGS, irqs.infoFlags(index))
        .u32(IrqInfo.INDEX, index).u32(IrqInfo.COUNT, irqs.count(index));
  }
}
