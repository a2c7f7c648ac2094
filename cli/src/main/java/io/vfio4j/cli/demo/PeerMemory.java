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
 * A device's internal memory as others have it: exported as a file, mapped here to be looked at, and to be mapped into
 * another device, which sees it at {@link #IOVA}. It begins with slots for that device's traffic.
 */
final class PeerMemory implements AutoCloseable {

  /** Where another device sees it; behind the guest's memory. */
  static final long IOVA = 0x1_0000_0000L;

  /** More than are written in any phase of a migration. */
  static final int SLOTS = 64 << 10;

  /** Bytes of all slots. */
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

  /** Maps it into another device, for which what goes there is peer-to-peer traffic. */
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
