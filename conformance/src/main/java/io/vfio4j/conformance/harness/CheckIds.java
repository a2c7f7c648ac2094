// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceState;

/**
 * Ids ({@code group/name}) of the checks that can block other checks. The harness names them without knowing the
 * checks themselves.
 */
public final class CheckIds {

  public static final String RESET_FROM_RUNNING = "reset/from RUNNING";
  public static final String RESET_AT_END = "reset/at the end";
  public static final String RESUMING_WHOLE = "resuming/whole";
  public static final String SAVING_WHOLE = "saving/whole";
  public static final String SESSIONS_KEPT = "sessions/kept";
  public static final String V1_DATA_WHOLE = "v1-data/whole";
  public static final String V1_DATA_PLACE = "v1-data/place";
  public static final String V1_RESET_IN_STOP = "v1-states/reset in STOP";

  private CheckIds() {
  }

  /** Returns the id of the check of a transition. */
  public static String transition(DeviceState from, DeviceState to) {
    CheckGroup group = from == DeviceState.ERROR ? CheckGroup.ERROR : CheckGroup.TRANSITIONS;
    return group.id() + "/" + transitionName(from, to);
  }

  /** Returns the name of the check of a transition within its group, as in {@code RUNNING > STOP}. */
  public static String transitionName(DeviceState from, DeviceState to) {
    return from + " > " + to;
  }

  /** Returns the id of the check of a reset in a state; ERROR, which not every device can enter, counts as RUNNING. */
  public static String reset(DeviceState from) {
    return from == DeviceState.ERROR ? RESET_FROM_RUNNING : "reset/from " + from;
  }
}
