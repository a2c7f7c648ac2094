// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a server that admits a second VMM says about it, HANDOVER_INFO.
 *
 * @param epoch the number of the connection that owns the device, or owned it last; each has a higher one
 * @param grace how long the device waits for a candidate when its owner disconnects; zero to be reset at once
 * @param isOrphaned whether it waits so
 * @param candidate the second VMM, which may become the owner
 */
public record HandoverInfo(long epoch, Duration grace, boolean isOrphaned,
    Optional<ControlInfo.Vmm> candidate) {

  static HandoverInfo decode(MemorySegment body) throws ProtocolException {
    int flags = body.get(LittleEndian.U32, Structs.HandoverInfo.FLAGS);
    long grace = body.get(LittleEndian.U64, Structs.HandoverInfo.GRACE);
    if (grace < 0) {
      throw new ProtocolException(
          "HANDOVER_INFO with a grace time of " + Long.toUnsignedString(grace) + " ns");
    }
    return new HandoverInfo(body.get(LittleEndian.U64, Structs.HandoverInfo.EPOCH), Duration.ofNanos(grace),
        (flags & Structs.HandoverInfo.ORPHANED) != 0,
        (flags & Structs.HandoverInfo.CANDIDATE) != 0 ? Optional.of(candidate(body)) : Optional.empty());
  }

  private static ControlInfo.Vmm candidate(MemorySegment body) {
    return new ControlInfo.Vmm(body.get(LittleEndian.U64, Structs.HandoverInfo.TOKEN),
        Instant.ofEpochMilli(body.get(LittleEndian.U64, Structs.HandoverInfo.CONNECTED_SINCE)),
        body.get(LittleEndian.U32, Structs.HandoverInfo.PID),
        body.get(LittleEndian.U32, Structs.HandoverInfo.UID),
        body.get(LittleEndian.U32, Structs.HandoverInfo.MAPPINGS),
        body.get(LittleEndian.U64, Structs.HandoverInfo.MAPPED_BYTES),
        body.get(LittleEndian.U32, Structs.HandoverInfo.IRQS));
  }
}
