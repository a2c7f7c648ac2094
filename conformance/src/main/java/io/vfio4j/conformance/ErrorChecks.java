// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import java.util.Optional;

/** The state ERROR, which a device cannot simply be asked for. */
final class ErrorChecks {

  private ErrorChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    for (DeviceState to : DeviceState.values()) {
      if (to != DeviceState.ERROR && features.supports(to)) {
        plan.add(Group.ERROR, TransitionChecks.name(DeviceState.ERROR, to),
            "In ERROR a request for %s is refused with EINVAL.".formatted(to), Sources.STATES, bench -> {
              bench.provokeError();
              TransitionChecks.expectRefusal(bench, DeviceState.ERROR, to, Optional.empty());
            });
      }
    }
    plan.add(Group.ERROR, TransitionChecks.name(DeviceState.ERROR, DeviceState.ERROR),
        "In ERROR a request for ERROR is refused or does nothing.", Sources.FAILURE,
        ErrorChecks::askForError);
    plan.add(Group.ERROR, "reset", "A reset leads from ERROR to RUNNING, and the device can be moved again.",
        Sources.RESET, bench -> {
          bench.provokeError();
          ResetChecks.resetAndExpectRunning(bench);
        });
  }

  /** The next-state function says EINVAL, but drivers may look first whether there is anything to do. */
  private static void askForError(Bench bench) throws Judgement, DeviceException {
    bench.provokeError();
    try {
      bench.device().moveTo(DeviceState.ERROR);
    } catch (TransitionException e) {
      if (!e.errno().equals(Errno.EINVAL)) {
        throw Judgement.failed("EINVAL, or success", e.errno().toString());
      }
    }
    Expect.state(bench, DeviceState.ERROR, "as before");
  }
}
