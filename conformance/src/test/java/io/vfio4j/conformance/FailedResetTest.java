// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserProbe;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A reset that fails between two checks, as in RESUMING with libvfio-user, is not a failure of the second
 * check.
 */
class FailedResetTest {

  @TempDir
  private Path folder;

  private Map<String, String> failures(Set<CheckGroup> groups) throws Exception {
    SimulatedDevice device = SimulatedSettings.named("device").withContent(16, 7).device();
    Path socket = folder.resolve("foreign.sock");
    try (ForeignServer _ = ForeignServer.listen(socket, device, ServerTrait.referenceLibrary());
        VfioUserProbe probe = VfioUserProbe.connect(socket, ClientOptions.DEFAULT)) {
      ConformanceReport report = ConformanceSuite.run(DeviceUnderTest.of(probe),
          TestOptions.untimed().groups(groups).build(), ConformanceListener.NONE);
      return ReportEntries.of(report, Verdict.Failure.class);
    }
  }

  @Test
  void reportsFailedResetOnly() throws Exception {
    Map<String, String> failures = failures(EnumSet.allOf(CheckGroup.class));

    assertThat(failures).containsKey("reset/from RESUMING");
    assertThat(failures).allSatisfy((id, details) -> {
      if (details.contains("after a reset")) {
        assertThat(id).startsWith("reset/");
      }
    });
  }

  /** A failed reset is reported as its own check even if the checks of resets were not selected. */
  @Test
  void reportsFailedResetOutsideSelectedGroups() throws Exception {
    Map<String, String> failures = failures(EnumSet.of(CheckGroup.TRANSITIONS));

    assertThat(failures.get("reset/from RESUMING")).contains("RUNNING after a reset in RESUMING");
    assertThat(failures).noneSatisfy((id, details) -> {
      assertThat(id).startsWith("transitions/");
      assertThat(details).contains("after a reset");
    });
  }
}
