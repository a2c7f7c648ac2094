// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads the state of a stopped device into one buffer. */
final class StateCopy {

  /** What one MIG_DATA_READ asks for: the protocol's usual limit. */
  static final int PIECE = 1 << 20;

  private StateCopy() {
  }

  static Transfer measure(VfioUserClient client) throws DeviceException {
    long bytes = 0;
    long took;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(PIECE, 4096);
      try (SavingSession session =
          (SavingSession) client.moveTo(DeviceState.STOP_COPY).session().orElseThrow()) {
        long began = System.nanoTime();
        for (long got = session.read(buffer); got != SavingSession.END; got = session.read(buffer)) {
          bytes += got;
        }
        took = System.nanoTime() - began;
      }
      client.moveTo(DeviceState.RUNNING);
    }
    return new Transfer(bytes, took);
  }

  /** Fills internal memory, so that what is read later is not one page of zeros again and again. */
  static void fill(VfioUserClient client, long memory) throws DeviceException {
    int memoryBar = 2;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(PIECE, 4096).fill((byte) 0x5a);
      for (long at = 0; at < memory; at += PIECE) {
        client.writeRegion(memoryBar, at, buffer);
      }
    }
  }
}
