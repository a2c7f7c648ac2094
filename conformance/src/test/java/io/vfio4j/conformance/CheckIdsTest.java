// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.checks.CheckPlan;
import io.vfio4j.conformance.checks.MigrationInterface;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each id by which the harness names a check is that of a check. */
final class CheckIdsTest {

  private final List<String> ids =
      CheckPlan.of(new MigrationInterface(MigrationFeatures.ALL, false, true, true, true)).stream()
          .map(planned -> planned.check().id()).toList();

  @Test
  void namesExistingChecks() {
    assertThat(ids).contains(CheckIds.RESET_FROM_RUNNING, CheckIds.RESET_AT_END, CheckIds.RESUMING_WHOLE,
        CheckIds.SAVING_WHOLE, CheckIds.SESSIONS_KEPT, CheckIds.V1_DATA_WHOLE, CheckIds.V1_DATA_PLACE,
        CheckIds.V1_RESET_IN_STOP).doesNotHaveDuplicates();
  }

  @Test
  void namesChecksOfAllStates() {
    for (DeviceState from : DeviceState.values()) {
      assertThat(ids).contains(CheckIds.reset(from));
      for (DeviceState to : DeviceState.values()) {
        assertThat(ids).contains(CheckIds.transition(from, to));
      }
    }
  }
}
