// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device's state, saved once, which can be read and written in pieces of any size. */
final class StateStreamClient implements AutoCloseable {

  private final VfioUserClient client;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment state;

  /**
   * Saves the state.
   *
   * @param maxBytes maximum size of the state
   */
  StateStreamClient(VfioUserClient client, long maxBytes) throws DeviceException {
    this.client = client;
    MemorySegment room = arena.allocate(maxBytes, 4096);
    state = room.asSlice(0, read(room, StateCopyClient.CHUNK_BYTES, true));
  }

  /** Reads the state and returns the time taken. The device runs afterwards. */
  TimedTransfer read(int piece) throws DeviceException {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment buffer = own.allocate(piece, 4096);
      long began = System.nanoTime();
      long bytes = read(buffer, piece, false);
      return new TimedTransfer(bytes, System.nanoTime() - began);
    }
  }

  private long read(MemorySegment into, int piece, boolean keep) throws DeviceException {
    SavingSession session = (SavingSession) client.moveTo(DeviceState.STOP_COPY).session().orElseThrow();
    long bytes = 0;
    long got = 0;
    while (got != SavingSession.END) {
      bytes += got;
      long at = keep ? bytes : 0;
      got = session.read(into.asSlice(at, Math.min(piece, into.byteSize() - at)));
    }
    client.moveTo(DeviceState.RUNNING);
    return bytes;
  }

  /** Writes the state and returns the time taken. The device runs with it afterwards. */
  TimedTransfer write(int piece) throws DeviceException {
    client.reset();
    ResumingSession session = (ResumingSession) client.moveTo(DeviceState.RESUMING).session().orElseThrow();
    long began = System.nanoTime();
    for (long at = 0; at < state.byteSize(); at += piece) {
      session.write(state.asSlice(at, Math.min(piece, state.byteSize() - at)));
    }
    TimedTransfer written = new TimedTransfer(state.byteSize(), System.nanoTime() - began);
    client.moveTo(DeviceState.RUNNING);
    return written;
  }

  @Override
  public void close() {
    arena.close();
  }
}
