// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.ERROR;
import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The next-state function of version 2 of the protocol: the state that a device enters next on the path to a
 * target.
 *
 * <p>
 * It is one table, for a device with all features. For a device that lacks some, a state that it does not
 * have is skipped by looking up the table again from that state.
 */
public final class NextState {

  private static final DeviceState[] STATES = DeviceState.values();

  // @formatter:off
  /** Row: the current state. Column: the target. Entry: the next state, ERROR if there is none. */
  private static final DeviceState[][] ALL_FEATURES = {
      /* to:             ERROR  STOP         RUNNING      STOP_COPY     RESUMING     RUNNING_P2P  PRE_COPY     PRE_COPY_P2P */
      /* ERROR */        {ERROR, ERROR,       ERROR,       ERROR,        ERROR,       ERROR,       ERROR,       ERROR},
      /* STOP */         {ERROR, STOP,        RUNNING_P2P, STOP_COPY,    RESUMING,    RUNNING_P2P, RUNNING_P2P, RUNNING_P2P},
      /* RUNNING */      {ERROR, RUNNING_P2P, RUNNING,     RUNNING_P2P,  RUNNING_P2P, RUNNING_P2P, PRE_COPY,    RUNNING_P2P},
      /* STOP_COPY */    {ERROR, STOP,        STOP,        STOP_COPY,    STOP,        STOP,        ERROR,       ERROR},
      /* RESUMING */     {ERROR, STOP,        STOP,        STOP,         RESUMING,    STOP,        STOP,        STOP},
      /* RUNNING_P2P */  {ERROR, STOP,        RUNNING,     STOP,         STOP,        RUNNING_P2P, RUNNING,     PRE_COPY_P2P},
      /* PRE_COPY */     {ERROR, RUNNING,     RUNNING,     PRE_COPY_P2P, RUNNING,     RUNNING,     PRE_COPY,    PRE_COPY_P2P},
      /* PRE_COPY_P2P */ {ERROR, RUNNING_P2P, RUNNING_P2P, STOP_COPY,    RUNNING_P2P, RUNNING_P2P, PRE_COPY,    PRE_COPY_P2P},
  };
  // @formatter:on

  private static final NextState[] BY_FLAGS = new NextState[8];

  static {
    for (int flags = 0; flags < BY_FLAGS.length; flags++) {
      BY_FLAGS[flags] = new NextState(MigrationFeatures.fromFlags(flags));
    }
  }

  private final MigrationFeatures features;
  private final @Nullable DeviceState[] next = new DeviceState[STATES.length * STATES.length];

  private NextState(MigrationFeatures features) {
    this.features = features;
    for (DeviceState from : STATES) {
      for (DeviceState to : STATES) {
        next[index(from, to)] = compute(from, to);
      }
    }
  }

  /** Returns the next-state function of a device with these features. */
  public static NextState of(MigrationFeatures features) {
    return BY_FLAGS[(int) features.flags()];
  }

  private @Nullable DeviceState compute(DeviceState from, DeviceState to) {
    if (from == ERROR || to == ERROR || !features.supports(from) || !features.supports(to)) {
      return null;
    }
    DeviceState step = ALL_FEATURES[from.wireValue()][to.wireValue()];
    while (!features.supports(step)) {
      step = ALL_FEATURES[step.wireValue()][to.wireValue()];
    }
    return step == ERROR ? null : step;
  }

  private static int index(DeviceState from, DeviceState to) {
    return from.wireValue() * STATES.length + to.wireValue();
  }

  /**
   * Returns the state that a device enters next.
   *
   * @param from the current state
   * @param to the target
   * @return the next state, which is {@code to} itself if both are equal; empty where the kernel returns
   *     EINVAL: ERROR on either side, a state whose feature is missing, and STOP_COPY back to pre-copy
   */
  public Optional<DeviceState> next(DeviceState from, DeviceState to) {
    return Optional.ofNullable(next[index(from, to)]);
  }

  /**
   * Returns the path to a state.
   *
   * @param from the current state
   * @param to the target
   * @return all states, both ends included, one state if both are equal; empty if there is no path
   */
  public Optional<List<DeviceState>> path(DeviceState from, DeviceState to) {
    if (next(from, to).isEmpty()) {
      return Optional.empty();
    }
    List<DeviceState> path = new ArrayList<>();
    path.add(from);
    for (DeviceState at = from; at != to;) {
      at = next(at, to).orElseThrow();
      path.add(at);
    }
    return Optional.of(List.copyOf(path));
  }
}
