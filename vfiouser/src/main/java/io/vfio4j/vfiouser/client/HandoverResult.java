// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Handover;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * The result of {@link ControlClient#handOver}.
 *
 * @param token identifies the connection of the candidate
 * @param epoch the number of the connection that owns the device, or owned it last; each has a higher one
 * @param took how long the exchange of the connections took; zero for other actions
 */
public record HandoverResult(long token, long epoch, Duration took) {

  static HandoverResult decode(MemorySegment body) throws ProtocolException {
    long took = body.get(LittleEndian.U64, Handover.TOOK);
    if (took < 0) {
      throw new ProtocolException("HANDOVER that took " + Long.toUnsignedString(took) + " ns");
    }
    return new HandoverResult(body.get(LittleEndian.U64, Handover.TOKEN),
        body.get(LittleEndian.U64, Handover.EPOCH), Duration.ofNanos(took));
  }
}
