// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.MisbehavingRegionProbe;
import io.vfio4j.testkit.RegionMisbehaviour;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** For each misbehaviour of a migration region of version 1, exactly the expected checks fail or deviate. */
final class RegionMisbehaviourTest {

  private static final int WINDOW = 1500;

  /** The device behind the region, with all guarantees. */
  private record SimulatedProfile() implements DeviceProfile {

    @Override
    public Set<Guarantee> guarantees() {
      return EnumSet.allOf(Guarantee.class);
    }

    @Override
    public void exercise(DeviceProbe probe) {
      ((MisbehavingRegionProbe) probe).fill(42);
    }

    @Override
    public boolean provokeError(DeviceProbe probe) throws DeviceException {
      ((MisbehavingRegionProbe) probe).enterError();
      return true;
    }
  }

  private static ConformanceReport run(boolean ndma, Set<RegionMisbehaviour> misbehaviours)
      throws DeviceException {
    SimulatedSettings settings =
        SimulatedSettings.named("simulated").withFeatures(MigrationFeatures.ALL).withContent(100, 0);
    try (MisbehavingRegionProbe probe = new MisbehavingRegionProbe(settings, WINDOW, ndma, misbehaviours)) {
      return ConformanceSuite.run(new DeviceUnderTest(probe, new SimulatedProfile()), TestOptions.UNTIMED,
          ConformanceListener.NONE);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void passesConformingRegion(boolean ndma) throws Exception {
    ConformanceReport report = run(ndma, Set.of());

    assertThat(ReportEntries.failuresAndDeviations(report)).isEmpty();
    assertThat(ReportEntries.ids(report, Verdict.Pass.class)).hasSizeGreaterThan(45)
        .contains("v1-states/loads first", "v1-states/ERROR", "v1-states/RESUMING > STOP_COPY",
            "v1-data/left within a segment");
    assertThat(ReportEntries.of(report, Verdict.NotApplicable.class).get("v1-states/STOP_COPY > PRE_COPY"))
        .isEqualTo("the device lacks this optional transition; alternative: STOP_COPY > STOP > PRE_COPY");
  }

  @ParameterizedTest
  @EnumSource
  void findsMisbehaviour(RegionMisbehaviour misbehaviour) throws Exception {
    ConformanceReport report = run(misbehaviour != RegionMisbehaviour.ACCEPTS_NDMA, EnumSet.of(misbehaviour));

    ExpectedVerdicts expected = ExpectedVerdicts.named(misbehaviour, "region-misbehaviours.txt", report);
    assertThat(ReportEntries.ids(report, Verdict.Failure.class)).as("failed for " + misbehaviour)
        .containsExactlyInAnyOrderElementsOf(expected.failed());
    assertThat(ReportEntries.ids(report, Verdict.Deviation.class)).as("deviates for " + misbehaviour)
        .containsExactlyInAnyOrderElementsOf(expected.deviating());
  }
}
