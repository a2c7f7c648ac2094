// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.ProgressLine;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.model.SanitizedText;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Paths, names and options with control characters do not reach the terminal. */
class ControlCharactersTest {

  /** Clears the screen in two ways, reverses the writing direction, and returns to the start of the line. */
  private static final String EVIL = "\u001b[2J\u009b2J\u202e\r\u0007x";

  @TempDir
  private Path folder;

  private static void assertHarmless(String text) {
    assertThat(text).isEqualTo(SanitizedText.ofLines(text));
  }

  static Stream<List<String>> commands() {
    return Stream.of(List.of("probe", "vfio-user:/nowhere/" + EVIL), List.of("probe", EVIL),
        List.of("probe", "sim:a?" + EVIL + "=1"), List.of(EVIL), List.of("probe", "sim:a", "--" + EVIL),
        List.of("inspect", "/nowhere/" + EVIL), List.of("restore", "/nowhere/" + EVIL, "sim:a"),
        List.of("recover", EVIL), List.of("recover", "--state-dir", "/dev/null/" + EVIL),
        List.of("send", "--connect", "unix:/nowhere/" + EVIL, "sim:a"), List.of("probe", "kernel:" + EVIL),
        List.of("save", "sim:a?memory=64k", "--output", "/nowhere/" + EVIL),
        List.of("conform", "sim:a?memory=64k", "--html", "/nowhere/" + EVIL));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void keepsControlCharactersFromTerminal(List<String> arguments) {
    for (String how : List.of("--quiet", "--debug", "--json")) {
      CommandRun run =
          CommandRun.vfio4j(Stream.concat(arguments.stream(), Stream.of(how)).toArray(String[]::new));
      assertThat(run.exitCode()).isNotEqualTo(ExitCodes.SUCCESS);
      assertHarmless(run.err());
      assertHarmless(run.out());
    }
  }

  @Test
  void preservesPathInJson() {
    Path file = folder.resolve("a" + EVIL + ".state");
    CommandRun saved = CommandRun.vfio4j("save", "sim:a?memory=64k", "--output", file.toString(), "--json");
    assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
    assertHarmless(saved.out());
    assertThat(saved.event("saved").get("file").getAsString()).isEqualTo(file.toString());
    CommandRun inspected = CommandRun.vfio4j("inspect", file.toString());
    assertThat(inspected.exitCode()).as(inspected.err()).isEqualTo(ExitCodes.SUCCESS);
    assertHarmless(inspected.out());
  }

  @Test
  void keepsProgressOnOneLine() {
    StringWriter written = new StringWriter();
    try (ProgressLine line = new ProgressLine(new PrintWriter(written), () -> Terminal.DEFAULT_COLUMNS)) {
      line.show("moving " + EVIL + "\nnext");
    }
    assertThat(written.toString())
        .isEqualTo("\r" + SanitizedText.of("moving " + EVIL + "\nnext") + "\u001b[K\r\u001b[K");
  }
}
