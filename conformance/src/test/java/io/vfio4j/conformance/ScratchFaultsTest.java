// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.model.Arc;
import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite detects every fault that the scratch device simulates. */
final class ScratchFaultsTest {

  static Stream<String> failingArcs() {
    return Arc.of(MigrationFeatures.ALL).stream().map(arc -> arc.from() + ">" + arc.to())
        .flatMap(arc -> Stream.of("arc=%s,errno=EIO", "arc=%s,errno=EBUSY,error", "arc=%s,errno=EIO,times=1")
            .map(fault -> fault.formatted(arc)));
  }

  @ParameterizedTest
  @MethodSource("failingArcs")
  void findsFailingArc(String fault, @TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, fault)) {
      ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

      assertThat(report.isConformant()).as(fault).isFalse();
    }
  }

  @Test
  void findsFailingArcInEveryTransition(@TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, "arc=STOP_COPY>STOP,errno=EIO")) {
      ConformanceReport report =
          scratch.runSuite(TestOptions.untimed().groups(Set.of(CheckGroup.TRANSITIONS)).build());

      assertThat(ReportEntries.ids(report, Verdict.Failure.class)).containsExactlyInAnyOrder(
          "transitions/STOP_COPY > STOP", "transitions/STOP_COPY > RUNNING",
          "transitions/STOP_COPY > RESUMING",
          "transitions/STOP_COPY > RUNNING_P2P");
    }
  }

  @Test
  void checksErrorStateAfterFailingArc(@TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, "arc=STOP>STOP_COPY,errno=EIO,error")) {
      ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

      assertThat(report.resultsOf(CheckGroup.ERROR)).extracting(CheckResult::verdict)
          .hasOnlyElementsOfType(Verdict.Pass.class);
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      read,at=0,errno=EIO         | saving/whole
      read,at=100,errno=EIO       | saving/whole
      read,at=65000,errno=ENOMEM  | saving/whole
      read,at=0,cut               | resuming/whole;saving/length
      read,at=32,cut              | resuming/whole;saving/length
      read,at=40000,cut           | resuming/whole
      write,at=0,errno=EIO        | resuming/whole
      write,at=40000,errno=ENOSPC | resuming/whole
      write,at=0,cut              | resuming/whole
      write,at=40000,cut          | resuming/whole
      announce=1                  | saving/length
      announce=1g                 | saving/length
      traffic=skip                | resuming/in is out
      traffic=repeat              | resuming/in is out
      traffic=restart             | resuming/in is out
      """)
  void findsFault(String fault, String checks, @TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, fault)) {
      ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

      assertThat(ReportEntries.ids(report, Verdict.Failure.class)).as(fault)
          .containsExactly(checks.split(";"));
    }
  }

  @Test
  void reportsSlowTransition(@TempDir Path folder) throws Exception {
    ConformanceOptions options = ConformanceOptions.builder().slowMove(Duration.ofMillis(300)).slowStream(1)
        .groups(Set.of(CheckGroup.TIMES)).build();
    try (ServedScratch scratch = ServedScratch.with(folder, "arc=STOP>RESUMING,delay=500ms,times=1")) {
      ConformanceReport report = scratch.runSuite(options);

      assertThat(report.isConformant()).isTrue();
      assertThat(ReportEntries.of(report, Verdict.Deviation.class)).containsOnlyKeys("times/moves")
          .hasEntrySatisfying("times/moves",
              time -> assertThat(time)
                  .containsPattern("RUNNING > RESUMING took ([5-9]\\d\\d ms|\\d+\\.\\d\\d s)"));
    }
  }

  @Test
  void reportsSlowStream(@TempDir Path folder) throws Exception {
    ConformanceOptions options = ConformanceOptions.builder().slowMove(Duration.ofDays(1)).slowStream(1 << 20)
        .groups(Set.of(CheckGroup.TIMES)).build();
    try (ServedScratch scratch = ServedScratch.with(folder, "slow=200k")) {
      ConformanceReport report = scratch.runSuite(options);

      assertThat(report.isConformant()).isTrue();
      assertThat(ReportEntries.of(report, Verdict.Deviation.class)).containsOnlyKeys("times/streams")
          .hasEntrySatisfying("times/streams", time -> assertThat(time).startsWith("reading a state: 65"));
    }
  }

  @Test
  void passesSlowStream(@TempDir Path folder) throws Exception {
    try (ServedScratch scratch = ServedScratch.with(folder, "slow=4m")) {
      ConformanceReport report = scratch.runSuite(TestOptions.UNTIMED);

      assertThat(ReportEntries.of(report, Verdict.Failure.class)).isEmpty();
    }
  }
}
