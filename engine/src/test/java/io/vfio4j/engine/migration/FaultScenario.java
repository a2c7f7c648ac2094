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

/**
 * The course of a migration before a fault is injected: a successful one, or one in which something has
 * already failed.
 */
enum FaultScenario {
  GOOD("", Side.SOURCE, null, null), //
  SOURCE_CANNOT_QUIESCE(" (the source could not quiesce)", Side.SOURCE, DeviceState.PRE_COPY,
      DeviceState.PRE_COPY_P2P), //
  SOURCE_CANNOT_STOP(" (the source could not stop)", Side.SOURCE, DeviceState.PRE_COPY_P2P,
      DeviceState.STOP_COPY), //
  TARGET_CANNOT_LOAD(" (the target could not load)", Side.TARGET, DeviceState.RESUMING, DeviceState.STOP), //
  TARGET_CANNOT_START(" (the target could not start)", Side.TARGET, DeviceState.STOP,
      DeviceState.RUNNING_P2P);

  /** The suffix of a step's name in this scenario. */
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

  /** Puts a migration on this course: the arc fails once. */
  FaultTrial apply(FaultTrial trial) {
    return from == null || to == null
        ? trial
        : trial.withFault(failingSide, new Fault.ArcFailure(new Arc(from, to), Errno.EIO, false, 1));
  }

  /**
   * Returns whether an event belongs to the part that only this scenario has: everything in the successful
   * one, otherwise what a side does once it knows of the failure.
   */
  boolean isInOwnPart(List<MigrationEvent> before, MigrationEvent event) {
    return this == GOOD || before.stream().anyMatch(earlier -> earlier.side() == event.side()
        && earlier instanceof MigrationEvent.PhaseStart began && began.phase() instanceof Phase.Aborting);
  }
}
