// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;

/** State numbers that do not exist. */
final class NumberChecks {

  private static final int[] NUMBERS = {8, 9, 255, 0x8000_0002, -1};

  private NumberChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && features.supports(from)) {
        plan.add(Group.TRANSITIONS, from + " > numbers without a state",
            "From %s a request for a state that does not exist is refused with EINVAL, and nothing changes."
                .formatted(from),
            Sources.STATES, bench -> tryNumbers(bench, from));
      }
    }
  }

  private static void tryNumbers(Bench bench, DeviceState from)
      throws Judgement, DeviceException {
    var numbers = bench.needs(DeviceProbe.StateNumberProbe.class, "ask for a state by number");
    bench.goFromRunning(from);
    for (int number : NUMBERS) {
      String words = "state " + Integer.toUnsignedString(number);
      Expect.refused(words, () -> numbers.setState(number), Errno.EINVAL);
      Expect.state(bench, from, "as before %s was asked for".formatted(words));
    }
  }
}
