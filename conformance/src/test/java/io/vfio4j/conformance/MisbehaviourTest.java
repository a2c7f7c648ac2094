// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.MisbehavingDevice;
import io.vfio4j.testkit.MisbehavingProbe;
import io.vfio4j.testkit.Misbehaviour;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** For each misbehaviour of a device, exactly the expected checks fail or deviate. */
final class MisbehaviourTest {

  private static final MigrationFeatures NO_P2P = MigrationFeatures.of(MigrationFeature.PRE_COPY);

  /** The simulated device, with all guarantees. */
  private record SimulatedProfile() implements DeviceProfile {

    @Override
    public Set<Guarantee> guarantees() {
      return EnumSet.allOf(Guarantee.class);
    }

    @Override
    public void exercise(DeviceProbe probe) {
      device(probe).fill(42);
    }

    @Override
    public Optional<IovaRange> writeMemory(DeviceProbe probe) {
      IovaRange range = new IovaRange(0x20_0000, 3 * 4096);
      device(probe).writeMemory(range);
      return Optional.of(range);
    }

    @Override
    public boolean provokeError(DeviceProbe probe) throws DeviceException {
      device(probe).enterError();
      return true;
    }

    private static MisbehavingDevice device(DeviceProbe probe) {
      return ((MisbehavingProbe) probe).device();
    }
  }

  private static ConformanceReport run(MigrationFeatures features, Set<Misbehaviour> misbehaviours)
      throws DeviceException {
    SimulatedSettings settings =
        SimulatedSettings.named("simulated").withFeatures(features).withContent(200, 0);
    try (MisbehavingProbe probe = new MisbehavingProbe(settings, misbehaviours)) {
      return ConformanceSuite.run(new DeviceUnderTest(probe, new SimulatedProfile()), TestOptions.UNTIMED,
          ConformanceListener.NONE);
    }
  }

  @ParameterizedTest
  @MethodSource("io.vfio4j.conformance.ScratchConformanceTest#featureSets")
  void passesConformingDevice(MigrationFeatures features) throws Exception {
    ConformanceReport report = run(features, Set.of());

    assertThat(ReportEntries.failuresAndDeviations(report)).isEmpty();
    assertThat(ReportEntries.of(report, Verdict.NotApplicable.class).values())
        .allMatch(reason -> reason.startsWith("the device does not support ")
            || reason.startsWith("the device is not served over vfio-user"));
  }

  @ParameterizedTest
  @EnumSource
  void findsMisbehaviour(Misbehaviour misbehaviour) throws Exception {
    MigrationFeatures features =
        misbehaviour == Misbehaviour.ACCEPTS_UNSUPPORTED_STATES ? NO_P2P : MigrationFeatures.ALL;
    ConformanceReport report = run(features, EnumSet.of(misbehaviour));

    ExpectedVerdicts expected = ExpectedVerdicts.named(misbehaviour, "misbehaviours.txt", report);
    assertThat(ReportEntries.ids(report, Verdict.Failure.class)).as("failed for " + misbehaviour)
        .containsExactlyInAnyOrderElementsOf(expected.failed());
    assertThat(ReportEntries.ids(report, Verdict.Deviation.class)).as("deviates for " + misbehaviour)
        .containsExactlyInAnyOrderElementsOf(expected.deviating());
  }
}
