// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The scratch device, its server and the client pass all checks, over every kind of connection. */
final class ScratchConformanceTest {

  /** Reasons for which a check of a served device may be not applicable. */
  private static final List<String> ALLOWED_REASONS =
      List.of("the device does not support ", "the device has no ",
          "this connection to the device cannot observe",
          "no means is known to drive the device into ERROR",
          "version 1 of the migration interface does not have it", "the device does not announce a length",
          "the device lacks this optional transition",
          "the region has no capability NDMA", "the device refuses no write",
          "the device has nothing to read before it is stopped");

  static Stream<MigrationFeatures> featureSets() {
    return Stream.of(MigrationFeatures.of(), MigrationFeatures.of(MigrationFeature.P2P),
        MigrationFeatures.of(MigrationFeature.PRE_COPY), MigrationFeatures.ALL);
  }

  static Stream<Arguments> connectionsAndFeatureSets() {
    return ConnectionVariant.all()
        .flatMap(connection -> featureSets().map(features -> arguments(connection, features)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("connectionsAndFeatureSets")
  void passesAllChecks(ConnectionVariant connection, MigrationFeatures features, @TempDir Path folder)
      throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, features, connection)) {
      ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

      assertThat(ReportEntries.failuresAndDeviations(report)).isEmpty();
      assertThat(report.results()).filteredOn(result -> result.verdict() instanceof Verdict.NotApplicable)
          .allSatisfy(result -> assertThat(ALLOWED_REASONS).anyMatch(result.verdict().details()::startsWith));
      assertThat(report.features()).isEqualTo(features);
      assertThat(report.isConformant()).isTrue();
      assertThat(scratch.log()).isEmpty();
    }
  }

  /** Version 1 alone, and with version 2: the checks of the region and all others that apply. */
  @ParameterizedTest
  @MethodSource("featureSets")
  void passesAllChecksWithVersion1(MigrationFeatures features, @TempDir Path folder) throws Exception {
    for (MigrationVersions versions : List.of(MigrationVersions.V1, MigrationVersions.BOTH)) {
      try (ServedScratch scratch = ServedScratch.with(folder, features, versions)) {
        ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

        assertThat(ReportEntries.failuresAndDeviations(report)).as("%s with %s", versions, features)
            .isEmpty();
        assertThat(report.results())
            .filteredOn(result -> result.verdict() instanceof Verdict.NotApplicable)
            .allSatisfy(
                result -> assertThat(ALLOWED_REASONS).anyMatch(result.verdict().details()::startsWith));
        assertThat(report.resultsOf(CheckGroup.V1_STATES)).extracting(CheckResult::verdict)
            .filteredOn(Verdict.Pass.class::isInstance).hasSizeGreaterThan(30);
        assertThat(report.resultsOf(CheckGroup.V1_DATA)).extracting(CheckResult::verdict)
            .filteredOn(Verdict.Pass.class::isInstance).hasSizeGreaterThan(9);
        assertThat(report.resultsOf(CheckGroup.TRANSITIONS).isEmpty())
            .isEqualTo(versions == MigrationVersions.V1);
        assertThat(scratch.log()).isEmpty();
      }
    }
  }
}
