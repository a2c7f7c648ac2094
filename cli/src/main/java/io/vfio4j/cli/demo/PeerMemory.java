// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.DmaOptions;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A device's internal memory, which the device exports as a file. It is mapped into another device, at {@link #IOVA}, and
 * here for the checks. It begins with the slots for the other device's traffic.
 */
final class PeerMemory implements AutoCloseable {

  /** The IOVA in the other device, beyond the guest's memory. */
  static final long IOVA = 0x1_0000_0000L;

  /** Number of slots, more than are written in any phase of a migration. */
  static final int SLOTS = 64 << 10;

  /** Length of all slots in bytes. */
  static final long BYTES = SLOTS * (long) Long.BYTES;

  private final Arena arena = Arena.ofShared();
  private final MappedRegion region;
  private final TrafficSlots slots;

  PeerMemory(GuestDevice device) throws IOException {
    region = device.client().mapRegion(ScratchLayout.MEMORY_BAR);
    try {
      slots = new TrafficSlots(map());
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private MemorySegment map() throws LinuxException {
    return region.map(region.areas().getFirst(), arena).asSlice(0, BYTES);
  }

  TrafficSlots slots() {
    return slots;
  }

  /** Maps the memory into another device as a peer, so that its DMA there is peer-to-peer traffic. */
  void mapInto(VfioUserClient other) throws DeviceException {
    other.dma().map(new IovaRange(IOVA, region.info().size()), region.fd(), region.offset(),
        DmaOptions.READ_WRITE.asPeer());
  }

  @Override
  public void close() {
    arena.close();
    region.close();
  }
}
