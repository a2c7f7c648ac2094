// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;

import java.util.ArrayList;
import java.util.List;

/**
 * A transition that a driver takes in one step (version 2). Every other transition is a combination of arcs.
 *
 * @param from the state before
 * @param to the state after
 */
public record Arc(DeviceState from, DeviceState to) {

  /**
   * Returns the arcs of a device with these features, as listed in uapi/linux/vfio.h.
   *
   * @param features the features of the device
   * @return the arcs; none for a device that cannot migrate
   */
  public static List<Arc> of(MigrationFeatures features) {
    if (!features.canMigrate()) {
      return List.of();
    }
    List<Arc> arcs = new ArrayList<>();
    addBothDirections(arcs, RESUMING, STOP);
    addBothDirections(arcs, STOP, STOP_COPY);
    boolean p2p = features.has(MigrationFeature.P2P);
    if (p2p) {
      addBothDirections(arcs, RUNNING, RUNNING_P2P);
      addBothDirections(arcs, RUNNING_P2P, STOP);
    } else {
      addBothDirections(arcs, RUNNING, STOP);
    }
    if (features.has(MigrationFeature.PRE_COPY)) {
      addBothDirections(arcs, RUNNING, PRE_COPY);
      if (p2p) {
        addBothDirections(arcs, PRE_COPY, PRE_COPY_P2P);
        addBothDirections(arcs, PRE_COPY_P2P, RUNNING_P2P);
        arcs.add(new Arc(PRE_COPY_P2P, STOP_COPY));
      } else {
        arcs.add(new Arc(PRE_COPY, STOP_COPY));
      }
    }
    return List.copyOf(arcs);
  }

  private static void addBothDirections(List<Arc> arcs, DeviceState first, DeviceState second) {
    arcs.add(new Arc(first, second));
    arcs.add(new Arc(second, first));
  }

  /** Returns whether this arc opens a saving session. */
  public boolean opensSaving() {
    return to.isSaving() && !from.isSaving();
  }

  /** Returns whether this arc opens a resuming session. */
  public boolean opensResuming() {
    return to == RESUMING;
  }

  /** Returns whether this arc ends the open data session. */
  public boolean endsSession() {
    return from == RESUMING || (from.isSaving() && !to.isSaving());
  }

  /** Returns the arc in the notation of the kernel's documentation, as in {@code STOP > RESUMING}. */
  @Override
  public String toString() {
    return from + " > " + to;
  }
}
