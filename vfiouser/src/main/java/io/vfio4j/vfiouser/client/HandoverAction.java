// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.wire.Structs.Handover;

/** What {@link ControlClient#handOver} does with the candidate. */
public enum HandoverAction {
  /** The candidate becomes the owner of the device, and the owner the candidate. */
  COMMIT(0),
  /** Only the preflight. */
  DRY_RUN(Handover.DRY_RUN),
  /** The candidate is disconnected. */
  ABORT(Handover.ABORT);

  private final int flags;

  HandoverAction(int flags) {
    this.flags = flags;
  }

  int flags() {
    return flags;
  }
}
