// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.Fault;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The way that a migration takes before something goes wrong: the good one, or one on which something has already. */
enum FaultScenario {
  GOOD("", Side.SOURCE, null, null), //
  SOURCE_CANNOT_QUIESCE(" (the source could not quiesce)", Side.SOURCE, DeviceState.PRE_COPY,
      DeviceState.PRE_COPY_P2P), //
  SOURCE_CANNOT_STOP(" (the source could not stop)", Side.SOURCE, DeviceState.PRE_COPY_P2P,
      DeviceState.STOP_COPY), //
  TARGET_CANNOT_LOAD(" (the target could not load)", Side.TARGET, DeviceState.RESUMING, DeviceState.STOP), //
  TARGET_CANNOT_START(" (the target could not start)", Side.TARGET, DeviceState.STOP,
      DeviceState.RUNNING_P2P);

  /** What follows the name of a step on this way. */
  final String suffix;

  private final Side failingSide;
  private final @Nullable DeviceState from;
  private final @Nullable DeviceState to;

  FaultScenario(String suffix, Side troubled, @Nullable DeviceState from, @Nullable DeviceState to) {
    this.suffix = suffix;
    this.failingSide = troubled;
    this.from = from;
    this.to = to;
  }

  /** Puts a migration on this way: the arc fails, once. */
  FaultTrial apply(FaultTrial trial) {
    return from == null || to == null
        ? trial
        : trial.withFault(failingSide, new Fault.ArcFailure(new Arc(from, to), Errno.EIO, false, 1));
  }

  /**
   * Tells whether an event is of the part of the way that no other has: all of the good one, else what a side does once
   * it knows that the migration has failed.
   */
  boolean isInOwnPart(List<MigrationEvent> before, MigrationEvent event) {
    return this == GOOD || before.stream().anyMatch(earlier -> earlier.side() == event.side()
        && earlier instanceof MigrationEvent.PhaseStart began && began.phase() instanceof Phase.Aborting);
  }
}
