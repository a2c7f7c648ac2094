// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.ControlClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device and its VMM's connection move between two servers, as {@code vfio4j swap} moves them. */
public final class Swap {

  private Swap() {
  }

  /** Moves the state and stages the connection, whose token it returns; the caller continues from there. */
  public static long stage(ControlClient from, ControlClient to) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1 << 16);
      SavingSession saving =
          (SavingSession) from.device().moveTo(DeviceState.STOP_COPY).session().orElseThrow();
      ResumingSession resuming =
          (ResumingSession) to.device().moveTo(DeviceState.RESUMING).session().orElseThrow();
      for (long read = saving.read(buffer); read >= 0; read = saving.read(buffer)) {
        resuming.write(buffer.asSlice(0, read));
      }
      to.device().moveTo(DeviceState.STOP);
      from.passConnection(to);
    }
    return from.info().token();
  }

  public static void run(ControlClient from, ControlClient to) throws Exception {
    long token = stage(from, to);
    from.surrender(token);
    to.device().moveTo(DeviceState.RUNNING);
    from.release(token);
  }
}
