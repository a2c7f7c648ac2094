// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadVerdictTest {

  private static final LoadVerdict.Limits LIMITS = new LoadVerdict.Limits(2, 1, Duration.ofMillis(50));
  private static final List<LoadVerdict.Swap> SWAPS =
      List.of(new LoadVerdict.Swap(1, 1), new LoadVerdict.Swap(2, 3));

  private static List<String> output() {
    return new ArrayList<>(List.of("load begin", //
        "load line=1 iterations=10 interrupts=10 spurious=0 traffic=50 pause=900",
        "load line=2 iterations=20 interrupts=20 spurious=0 traffic=100 pause=4000",
        "load line=3 iterations=30 interrupts=30 spurious=1 traffic=150 pause=1000",
        "load line=4 iterations=40 interrupts=40 spurious=1 traffic=200 pause=2000",
        "load line=5 iterations=50 interrupts=50 spurious=1 traffic=250 pause=7000",
        "load end lines=5 iterations=50"));
  }

  private static List<String> problems(List<String> output) {
    return LoadVerdict.of(output, 0, SWAPS, LIMITS).problems();
  }

  @Test
  void acceptsCompleteOutput() {
    LoadVerdict verdict = LoadVerdict.of(output(), 0, SWAPS, LIMITS);
    assertThat(verdict.problems()).isEmpty();
    assertThat(verdict.pauses()).containsExactly(4000L, 7000L);
    assertThat(verdict.otherPauses()).containsExactly(900L);
    assertThat(verdict.iterations()).isEqualTo(50);
    assertThat(verdict.lost()).isZero();
    assertThat(verdict.spurious()).isEqualTo(1);
  }

  /** Each criterion by a single change of complete output. */
  @ParameterizedTest
  @CsvSource(textBlock = """
      load begin,                     load,                           beginning is missing
      load line=3,                    load line=4,                    line 3 is missing
      iterations=30 interrupts=30,    iterations=20 interrupts=20,    no iteration in line 3
      interrupts=30,                  interrupts=29,                  29 interrupts in 30 iterations in line 3
      interrupts=30,                  interrupts=31,                  31 interrupts in 30 iterations in line 3
      traffic=150,                    traffic=100,                    no traffic in line 3
      spurious=1 traffic=250,         spurious=2 traffic=250,         2 interrupts that were not raised
      spurious=1 traffic=250,         spurious=0 traffic=250,         0 interrupts that were not raised
      pause=4000,                     pause=50001,                    a pause of 50001 us in line 2
      pause=4000,                     pause=99999999999999999999,     a pause of -1 us in line 2
      pause=4000,                     pause=4000 x,                   unexpected output: load line=2
      load end lines=5 iterations=50, load: SCRATCH is 0x0,           the load's end is missing
      load end lines=5 iterations=50, load: SCRATCH is 0x0,           unexpected output: load: SCRATCH is 0x0
      load end lines=5,               load end lines=6,               after 5 lines of progress
      load end lines=5 iterations=50, load end lines=5 iterations=51, after 5 lines of progress
      """)
  void rejectsChangedOutput(String what, String by, String problem) {
    List<String> output = new ArrayList<>(output());
    output.replaceAll(line -> line.replace(what, by));
    assertThat(output).isNotEqualTo(output());
    assertThat(problems(output)).anyMatch(found -> found.contains(problem));
  }

  @Test
  void rejectsOutputWithoutAnyOneLine() {
    for (int i = 0; i < output().size(); i++) {
      List<String> output = output();
      String removed = output.remove(i);
      assertThat(problems(output)).as("without: %s", removed).isNotEmpty();
    }
    assertThat(problems(List.of())).isNotEmpty();
    assertThat(problems(List.of("load begin"))).isNotEmpty();
  }

  @Test
  void rejectsRepeatedAndSwappedLines() {
    List<String> repeated = output();
    repeated.add(3, repeated.get(3));
    assertThat(problems(repeated)).isNotEmpty();
    List<String> swapped = output();
    swapped.set(2, output().get(3));
    swapped.set(3, output().get(2));
    assertThat(problems(swapped)).isNotEmpty();
    List<String> early = output();
    early.add(3, early.getLast());
    assertThat(problems(early)).isNotEmpty();
  }

  @Test
  void keepsProblemsFoundElsewhere() {
    LoadVerdict failed = LoadVerdict.of(output(), 1, SWAPS, LIMITS).withProblems(List.of("QEMU printed: x"));
    assertThat(failed.problems()).containsExactly("the load ended with status 1", "QEMU printed: x");
  }

  @Test
  void rejectsFailedProgram() {
    assertThat(LoadVerdict.of(output(), 1, SWAPS, LIMITS).problems())
        .containsExactly("the load ended with status 1");
  }

  @Test
  void rejectsTooFewSwapsAndSwapsWithoutLoad() {
    assertThat(LoadVerdict.of(output(), 0, SWAPS.subList(0, 1), LIMITS).problems())
        .containsExactly("1 swaps instead of 2");
    for (LoadVerdict.Swap second : List.of(new LoadVerdict.Swap(1, 3), new LoadVerdict.Swap(2, 4),
        new LoadVerdict.Swap(3, 2))) {
      assertThat(LoadVerdict.of(output(), 0, List.of(SWAPS.getFirst(), second), LIMITS).problems())
          .singleElement().asString().contains("swap 2 did not happen under load");
    }
    assertThat(
        LoadVerdict.of(output(), 0, List.of(new LoadVerdict.Swap(0, 1), SWAPS.getLast()), LIMITS).problems())
        .singleElement().asString().contains("swap 1 did not happen under load");
  }
}
