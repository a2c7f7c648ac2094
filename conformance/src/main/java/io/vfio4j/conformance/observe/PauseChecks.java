// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import java.time.Duration;

/** Short stops of the device, in which the VMM's messages wait. Only with the user's permission. */
final class PauseChecks {

  private PauseChecks() {
  }

  static void addTo(ObservationPlan plan) {
    plan.add("STOP_COPY",
        "In STOP_COPY the VMM's messages wait, the state can be read, and the device returns to "
            + "RUNNING.",
        SpecReferences.CONTROL_HOLD, context -> {
          Duration maxPause = permitted(context);
          context.pause((session, start) -> {
            expectHeld(context);
            read(context, session, start + maxPause.toNanos());
          });
          expectWithin(context, maxPause);
        });
    plan.add("disconnect in STOP_COPY",
        "If the control client disconnects, the device returns from STOP_COPY to "
            + "RUNNING at once.",
        SpecReferences.CONTROL_HOLD, context -> {
          Duration maxPause = permitted(context);
          long start = context.timer().now();
          context.openSaving(DeviceState.STOP_COPY);
          RunningChecks.reopen(context);
          context.timer().recordPause(context.timer().now() - start);
          expectWithin(context, maxPause);
        });
  }

  /** Returns how long the device may be stopped. */
  private static Duration permitted(ObservationContext context) throws VerdictException, DeviceException {
    if (!context.features().canMigrate()) {
      throw VerdictException.notApplicable("the device cannot migrate");
    }
    Duration maxPause = context.options().maxPause()
        .orElseThrow(() -> VerdictException.notApplicable("it stops the device, which was not permitted"));
    Duration maxHold = context.use().maxHold();
    if (maxPause.compareTo(maxHold) >= 0) {
      throw VerdictException
          .notApplicable("the permitted pause of %d ms is not below the server's maximum hold, %d ms"
              .formatted(maxPause.toMillis(), maxHold.toMillis()));
    }
    return maxPause;
  }

  private static void expectHeld(ObservationContext context) throws VerdictException, DeviceException {
    DeviceUse use = context.use();
    if (use.vmm().isPresent() && !use.isHeld()) {
      throw VerdictException.failed("messages of the VMM wait in STOP_COPY", "they are handled");
    }
  }

  /** Reads the state to its end, or as much of it as the time allows. */
  private static void read(ObservationContext context, SavingSession session, long end)
      throws VerdictException, DeviceException {
    long read = 0;
    while (read != SavingSession.END && context.timer().now() - end < 0) {
      read = context.read(session);
      if (read == SavingSession.NOTHING_NOW) {
        throw VerdictException.failed("data, or the end of the state",
            "ENOMSG, though the device is stopped");
      }
    }
  }

  private static void expectWithin(ObservationContext context, Duration maxPause) {
    context.timer().longestPause().filter(pause -> pause.compareTo(maxPause) > 0)
        .ifPresent(pause -> context.reportDeviation("the device was stopped for %s; %s were permitted"
            .formatted(CallTimer.format(pause.toNanos()), CallTimer.format(maxPause.toNanos()))));
  }
}
