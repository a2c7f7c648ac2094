// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The scratch device, its server and the client pass the suite whole. */
final class HonestScratchTest {

  /** What a served device cannot be asked, or what it never does. */
  private static final List<String> EXCUSES = List.of("the device has no ", "there is no way here to watch",
      "nothing here drives the device into ERROR");

  static Stream<MigrationFeatures> featureSets() {
    return Stream.of(MigrationFeatures.of(), MigrationFeatures.of(MigrationFeature.P2P),
        MigrationFeatures.of(MigrationFeature.PRE_COPY), MigrationFeatures.ALL);
  }

  @ParameterizedTest
  @MethodSource("featureSets")
  void passesWhole(MigrationFeatures features, @TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, features)) {
      ConformanceReport report = scratch.judge(Options.TIMELESS);

      assertThat(Findings.complaints(report)).isEmpty();
      assertThat(report.results()).filteredOn(result -> result.verdict() instanceof Verdict.NotApplicable)
          .allSatisfy(result -> assertThat(EXCUSES).anyMatch(result.verdict().details()::startsWith));
      assertThat(report.features()).isEqualTo(features);
      assertThat(report.isConformant()).isTrue();
      assertThat(scratch.log()).isEmpty();
    }
  }
}
