// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads the state of a device into one buffer. The device is stopped while this is open. */
final class StateCopyClient implements AutoCloseable {

  /** The size of one MIG_DATA_READ: the protocol's default limit. */
  static final int CHUNK_BYTES = 1 << 20;

  private final VfioUserClient client;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(CHUNK_BYTES, 4096);
  private final SavingSession session;

  StateCopyClient(VfioUserClient client) throws DeviceException {
    this.client = client;
    session = (SavingSession) client.moveTo(DeviceState.STOP_COPY).session().orElseThrow();
  }

  TimedTransfer readAll() throws DeviceException {
    long bytes = 0;
    long began = System.nanoTime();
    for (long got = session.read(buffer); got != SavingSession.END; got = session.read(buffer)) {
      bytes += got;
    }
    return new TimedTransfer(bytes, System.nanoTime() - began);
  }

  @Override
  public void close() throws DeviceException {
    session.close();
    arena.close();
    client.moveTo(DeviceState.RUNNING);
  }

  /** Fills internal memory, so that reads do not return the same page of zeros. */
  static void fill(VfioUserClient client, long memory) throws DeviceException {
    int memoryBar = 2;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(CHUNK_BYTES, 4096).fill((byte) 0x5a);
      for (long at = 0; at < memory; at += CHUNK_BYTES) {
        client.writeRegion(memoryBar, at, buffer);
      }
    }
  }
}
