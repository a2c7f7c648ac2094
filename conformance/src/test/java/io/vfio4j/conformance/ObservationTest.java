// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.conformance.observe.ObservationReport;
import io.vfio4j.conformance.observe.ObservationSuite;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Outcome;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.ObservationOptions;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.ManualClock;
import io.vfio4j.testkit.Misbehaviour;
import io.vfio4j.testkit.SimulatedSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The observation of a device in use disturbs nothing, and each misbehaviour makes exactly the expected checks fail. */
final class ObservationTest {

  private static final Duration PAUSE = Duration.ofMillis(500);

  private final ManualClock clock = new ManualClock();

  private SimulatedUse use(MigrationFeatures features, Optional<UseMisbehaviour> misbehaviour,
      Set<Misbehaviour> ofDevice) {
    return new SimulatedUse(SimulatedSettings.named("simulated").withFeatures(features).withContent(200, 0)
        .withClock(clock, 0), misbehaviour, ofDevice);
  }

  private SimulatedUse conforming(MigrationFeatures features) {
    return use(features, Optional.empty(), Set.of());
  }

  private ObservationOptions options() {
    return ObservationOptions.DEFAULT.withClock(clock::nanoTime);
  }

  private ObservationReport run(SimulatedUse device) throws Exception {
    return ObservationSuite.run(device, options().withMaxPause(PAUSE), ConformanceListener.NONE);
  }

  @ParameterizedTest
  @MethodSource("io.vfio4j.conformance.ScratchConformanceTest#featureSets")
  void passesConformingDevice(MigrationFeatures features) throws Exception {
    try (SimulatedUse device = conforming(features)) {
      ConformanceReport report = run(device).checks();

      assertThat(ReportEntries.failuresAndDeviations(report)).isEmpty();
      assertThat(ReportEntries.of(report, Verdict.NotApplicable.class).values())
          .allMatch(reason -> reason.startsWith("the device does not support "));
      assertThat(report.outcome()).isEqualTo(Outcome.CONFORMANT);
      assertThat(device.device().state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @ParameterizedTest
  @EnumSource
  void findsMisbehaviour(UseMisbehaviour misbehaviour) throws Exception {
    try (SimulatedUse device = use(MigrationFeatures.ALL, Optional.of(misbehaviour), Set.of())) {
      ConformanceReport report = run(device).checks();

      ExpectedVerdicts expected = ExpectedVerdicts.named(misbehaviour, "use-misbehaviours.txt", report);
      assertThat(ReportEntries.ids(report, Verdict.Failure.class)).as("failed for " + misbehaviour)
          .containsExactlyInAnyOrderElementsOf(expected.failed());
      assertThat(ReportEntries.ids(report, Verdict.Deviation.class)).as("deviates for " + misbehaviour)
          .containsExactlyInAnyOrderElementsOf(expected.deviating());
    }
  }

  /** Of the device itself, as far as they show in use. */
  @ParameterizedTest
  @CsvSource({"LOGS_ODD_PAGE_SIZES,DMA log", "ENDS_IN_PRE_COPY,PRE_COPY", "SESSION_OUTLIVES_STATE,PRE_COPY",
      "ENDED_SESSION_WRONG_ERRNO,PRE_COPY"})
  void findsMisbehaviourOfDevice(Misbehaviour misbehaviour, String check) throws Exception {
    try (SimulatedUse device = use(MigrationFeatures.ALL, Optional.empty(), EnumSet.of(misbehaviour))) {
      assertThat(ReportEntries.failuresAndDeviations(run(device).checks()))
          .containsOnlyKeys("in-use/" + check);
    }
  }

  @Test
  void findsMissingSession() throws Exception {
    try (SimulatedUse device =
        use(MigrationFeatures.ALL, Optional.empty(), EnumSet.of(Misbehaviour.NO_SESSION))) {
      assertThat(ReportEntries.failuresAndDeviations(run(device).checks()))
          .containsOnlyKeys("in-use/STOP_COPY", "in-use/disconnect in STOP_COPY");
      assertThat(device.device().state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @Test
  void everyCheckCanFailOrDeviate() throws Exception {
    Set<String> found = new TreeSet<>();
    for (UseMisbehaviour misbehaviour : UseMisbehaviour.values()) {
      if (misbehaviour != UseMisbehaviour.INFOS_VARY) { // Makes all of them fail.
        try (SimulatedUse device = use(MigrationFeatures.ALL, Optional.of(misbehaviour), Set.of())) {
          found.addAll(ReportEntries.failuresAndDeviations(run(device).checks()).keySet());
        }
      }
    }
    assertThat(ObservationSuite.checks()).extracting(check -> check.id())
        .filteredOn(id -> !found.contains(id)).containsExactly("in-use/infos");
  }

  @Test
  void neitherStopsNorResetsDeviceWithoutPermission() throws Exception {
    try (SimulatedUse device = conforming(MigrationFeatures.ALL)) {
      ObservationReport report = ObservationSuite.run(device, options(), ConformanceListener.NONE);

      assertThat(device.device().requested()).isNotEmpty()
          .doesNotContain(DeviceState.STOP, DeviceState.STOP_COPY, DeviceState.RESUMING);
      assertThat(device.device().resets()).isZero();
      assertThat(report.longestPause()).isEmpty();
      assertThat(ReportEntries.of(report.checks(), Verdict.NotApplicable.class))
          .containsOnlyKeys("in-use/STOP_COPY", "in-use/disconnect in STOP_COPY");
    }
  }

  @Test
  void doesNotStopDeviceForLongerThanItsServerAllows() throws Exception {
    try (SimulatedUse device = conforming(MigrationFeatures.ALL)) {
      ObservationReport report = ObservationSuite.run(device, options().withMaxPause(SimulatedUse.MAX_HOLD),
          ConformanceListener.NONE);

      assertThat(device.device().requested()).doesNotContain(DeviceState.STOP_COPY);
      assertThat(ReportEntries.of(report.checks(), Verdict.NotApplicable.class).values())
          .containsOnly("the permitted pause of 4000 ms is not below the server's maximum hold, 4000 ms");
    }
  }

  @Test
  void touchesNothingThatIsNotRunning() throws Exception {
    try (SimulatedUse device =
        use(MigrationFeatures.ALL, Optional.of(UseMisbehaviour.STARTS_STOPPED), Set.of())) {
      run(device);
      assertThat(device.device().requested()).isEmpty();
      assertThat(device.device().resets()).isZero();
    }
  }

  @Test
  void reportsPauseAndLongestRequest() throws Exception {
    try (
        SimulatedUse device = use(MigrationFeatures.ALL, Optional.of(UseMisbehaviour.LONG_PAUSE), Set.of())) {
      ObservationReport report = run(device);
      assertThat(report.longestPause()).contains(Duration.ofSeconds(1));
      assertThat(report.longestCall()).isEqualTo(Duration.ofSeconds(1));
    }
  }

  @Test
  void checksDeviceWithoutVmm() throws Exception {
    try (SimulatedUse device = conforming(MigrationFeatures.ALL).withoutVmm()) {
      ConformanceReport report = run(device).checks();
      assertThat(ReportEntries.failuresAndDeviations(report)).isEmpty();
      assertThat(ReportEntries.of(report, Verdict.NotApplicable.class)).containsOnlyKeys("in-use/VMM");
    }
  }

  @Test
  void canBeCancelled() throws Exception {
    try (SimulatedUse device = conforming(MigrationFeatures.ALL)) {
      List<String> done = new ArrayList<>();
      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(() -> ObservationSuite.run(device, options(), new ConformanceListener() {
            @Override
            public boolean isCancelled() {
              return done.size() == 2;
            }

            @Override
            public void checkFinished(CheckResult result) {
              done.add(result.check().name());
            }
          })).withMessageStartingWith("cancelled after 2 of ");
      assertThat(done).containsExactly("state", "VMM");
    }
  }
}
