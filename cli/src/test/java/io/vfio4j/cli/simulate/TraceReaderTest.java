// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.engine.simulation.RoundTrace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines other than rounds are ignored; rounds must be complete. */
class TraceReaderTest {

  /** The output of a migration with two rounds. */
  static final String RUN =
      """
          {"event":"phase","at_ms":0.100,"side":"source","phase":"pre-copy","round":1,"reason":"it can be read"}
          {"event":"round","at_ms":1500.000,"side":"source","round":1,"bytes":200000000,"took_ms":1000.000,\
          "device_bytes":0,"memory_bytes":200000000,"device_left":4000000,"memory_left":16000000,\
          "bytes_per_second":200000000,"predicted_downtime_ms":105.000}
          a remark of another program
          {"event":"round","at_ms":1600.000,"side":"source","round":2,"bytes":20000000,"took_ms":100.000,\
          "device_bytes":4000000,"memory_bytes":16000000,"device_left":400000,"memory_left":1600000,\
          "bytes_per_second":200000000,"predicted_downtime_ms":15.000}
          {"event":"report","side":"source","rounds":[{"round":1}]}
          """;

  @TempDir
  private Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("run.json"), text, StandardCharsets.ISO_8859_1);
  }

  @Test
  void findsRoundsAmongOtherLines() throws IOException {
    RoundTrace recording = TraceReader.read(file(RUN));
    assertThat(recording.rounds()).containsExactly(
        new RoundTrace.Round(1, Duration.ofMillis(1500), Duration.ofSeconds(1), 0, 200_000_000,
            4_000_000, 16_000_000, 200_000_000, Duration.ofMillis(105)),
        new RoundTrace.Round(2, Duration.ofMillis(1600), Duration.ofMillis(100), 4_000_000, 16_000_000,
            400_000,
            1_600_000, 200_000_000, Duration.ofMillis(15)));
    assertThat(recording.fixedCost()).isEqualTo(Duration.ofMillis(5));
  }

  @Test
  void skipsForeignLines() throws IOException {
    String others = """
        null
        17
        []
        "round"
        {"event":17}
        {"event":["round"]}
        {"event":null}
        {"round":1}
        {'event':'round'}
        {"event":"round"
        {"event":"rounds"}

        \u0000\u00ff
        """ + "[".repeat(100_000) + "\n" + "x".repeat(1 << 20) + "\n";
    assertThat(TraceReader.read(file(others + RUN + others)).rounds()).hasSize(2);
  }

  @Test
  void takesLastOfSeveralMigrations() throws IOException {
    String first = RUN.replace("\"memory_bytes\":200000000", "\"memory_bytes\":210000000");
    assertThat(TraceReader.read(file(first + RUN)).rounds().getFirst().memoryBytes()).isEqualTo(200_000_000);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"round\":2                | \"round\":3               | round 2 is missing",
      "\"round\":2                | \"round\":2.5             | line 4: round must be a whole number, not 2.5",
      "\"round\":2                | \"round\":4294967298      | line 4: ",
      "\"took_ms\":100.000,       | ''                        | line 4: a round must have a number 'took_ms', not null",
      "\"took_ms\":100.000        | \"took_ms\":\"100\"       | line 4: a round must have a number 'took_ms', not \"100\"",
      "\"took_ms\":100.000        | \"took_ms\":-1            | line 4: took_ms cannot be -1",
      "\"took_ms\":100.000        | \"took_ms\":1e99999       | line 4: Number has unsupported scale: 1e99999",
      "\"took_ms\":100.000        | \"took_ms\":1700          | line 4: a round that took 1.700 s cannot end at 1.600 s",
      "\"took_ms\":100.000        | \"took_ms\":200           | round 2 starts before round 1 has ended",
      "\"memory_left\":1600000,   | \"memory_left\":1e30,     | line 4: memory_left cannot be 1E+30",
      "\"memory_left\":1600000,   | \"memory_left\":[1],      | a number 'memory_left', not [1]"})
  void rejectsInvalidRound(String good, String bad, String words) throws IOException {
    assertThat(RUN).contains(good);
    Path file = file(RUN.replace(good, bad));
    assertThatThrownBy(() -> TraceReader.read(file)).isInstanceOf(CommandException.class)
        .hasMessageContaining("run.json").hasMessageContaining(words);
  }

  @Test
  void rejectsFileWithoutRounds() throws IOException {
    CommandRun run = CommandRun.vfio4j("simulate", "--trace", file("nothing\n").toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("no rounds; expected the output of a migration with --json");
  }

  @Test
  void reproducesRecordedRounds() throws IOException {
    CommandRun run =
        CommandRun.vfio4j("simulate", "--trace", file(RUN).toString(), "--json", "--max-downtime", "50ms",
            "--when-not-converging", "abort");
    JsonObject result = run.event("simulation");
    assertThat(result.get("bandwidth").isJsonNull()).isTrue();
    assertThat(result.get("verdict").getAsString()).isEqualTo("moved");
    JsonObject second = result.getAsJsonArray("rounds").get(1).getAsJsonObject();
    assertThat(second.get("device_bytes").getAsLong()).isEqualTo(4_000_000);
    assertThat(second.get("memory_bytes").getAsLong()).isEqualTo(16_000_000);
  }

  @Test
  void readsOutputOfRealMigration() throws IOException {
    CommandRun real =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=16m", "--to", "sim:b?memory=16m", "--json",
            "--max-bandwidth", "64m");
    assertThat(real.exitCode()).as(real.err()).isEqualTo(ExitCodes.SUCCESS);
    CommandRun run = CommandRun.vfio4j("simulate", "--trace", file(real.out()).toString(), "--json");
    JsonObject first = run.event("simulation").getAsJsonArray("rounds").get(0).getAsJsonObject();
    assertThat(first.get("device_bytes")).isEqualTo(real.event("round").get("device_bytes"));
    assertThat(first.get("device_bytes").getAsLong()).isGreaterThan(1 << 20);
  }

  @Test
  void simulatesOtherLink() throws IOException {
    CommandRun run =
        CommandRun.vfio4j("simulate", "--trace", file(RUN).toString(), "--json", "--bandwidth", "20000000",
            "--when-not-converging", "abort", "--deadline", "30s");
    assertThat(run.event("simulation").get("verdict").getAsString()).isEqualTo("aborted");
  }
}
