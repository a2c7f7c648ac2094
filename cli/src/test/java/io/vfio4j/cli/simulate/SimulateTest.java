// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.simulation.RoundTrace;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class SimulateTest {

  private static final String[] OUTRUN = {"simulate", "--memory", "8g:900m@2g", "--bandwidth", "500m,1g",
      "--deadline", "60s"};

  @TempDir
  private Path folder;

  private static String[] withOutrun(String... more) {
    return Stream.of(OUTRUN, more).flatMap(Arrays::stream).toArray(String[]::new);
  }

  private static void parse(String svg) throws Exception {
    Element root = DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg))).getDocumentElement();
    assertThat(root.getTagName()).isEqualTo("svg");
  }

  @Test
  void comparesPoliciesInTableAndChart() {
    CommandRun run = CommandRun.vfio4j(OUTRUN);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.err()).isEmpty();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(1)).startsWith("A  wait ").endsWith("still waiting");
    assertThat(lines.get(2)).startsWith("B  abort ").endsWith("aborted");
    assertThat(lines.get(3)).startsWith("C  force ").endsWith("moved");
    assertThat(lines.get(4)).as("policies with the same result share a line").startsWith("D  any ")
        .endsWith("moved");
    assertThat(run.out())
        .contains(
            "B: after 61 s of pre-copy the switchover would still take 3011 ms, and the limit is 300 ms")
        .contains("bytes left").contains("4.0 GiB |").contains("------").contains("20 s")
        .containsPattern("\\| *A+").containsPattern("AAAD|DAAA|D +A").doesNotContain("\u001b");
  }

  @Test
  void printsJsonResultsWithRounds() {
    CommandRun run = CommandRun.vfio4j(withOutrun("--json", "--max-downtime", "300ms"));

    List<JsonObject> results = run.events();
    assertThat(results).hasSize(4);
    assertThat(results).extracting(result -> result.get("verdict").getAsString())
        .containsExactly("still_waiting", "aborted", "moved", "moved");
    JsonObject anyway = results.get(2);
    assertThat(anyway.get("when_not_converging").toString()).isEqualTo("[\"force\"]");
    assertThat(anyway.get("downtime_ms").getAsDouble()).isGreaterThan(3000);
    assertThat(results.get(1).get("downtime_ms").isJsonNull()).isTrue();
    assertThat(results.get(3).get("when_not_converging").getAsJsonArray()).hasSize(3);
    JsonObject first = anyway.getAsJsonArray("rounds").get(0).getAsJsonObject();
    assertThat(first.get("memory_bytes").getAsLong()).isEqualTo(8L << 30);
    assertThat(first.get("device_bytes").getAsLong()).isZero();
    assertThat(first.get("took_ms").getAsDouble()).isEqualTo(8192 / 500.0 * 1000 + 2);
  }

  @Test
  void printsRoundsOnRequest() {
    CommandRun run =
        CommandRun.vfio4j("simulate", "--device", "100m:10m,cyclic", "--bandwidth", "100m", "--rounds",
            "--max-downtime", "5ms", "--fixed-cost", "1us", "--round-cost", "1us", "--when-not-converging",
            "wait");

    assertThat(run.out()).contains("Rounds of A:");
    assertThat(
        run.out().lines().filter(line -> line.matches("[0-9].*")).map(line -> line.split("  +", -1)[3]))
        .as("a geometric series").containsExactly("100.0 MiB", "10.0 MiB", "1.0 MiB");
  }

  @Test
  void writesSvgFile() throws Exception {
    Path file = folder.resolve("chart.svg");
    CommandRun run =
        CommandRun.vfio4j(withOutrun("--svg", file.toString(), "--title", "8 GiB & more", "--quiet"));

    assertThat(run.out()).isEmpty();
    String svg = Files.readString(file);
    parse(svg);
    assertThat(svg).contains("<title id=\"title\">8 GiB &amp; more</title>").contains("<polyline")
        .contains("force, limit 300 ms, 500.0 MiB/s: moved after 81.3 s").contains("class=\"limit\"")
        .doesNotContain("href");
  }

  @Test
  void limitsSizeOfSvg() throws Exception {
    Path file = folder.resolve("chart.svg");
    CommandRun run = CommandRun.vfio4j("simulate", "--memory", "64m:1m", "--bandwidth", "1g", "--fixed-cost",
        "1s", "--svg",
        file.toString(), "--when-not-converging", "abort");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(Integer.parseInt(run.out().lines().toList().get(1).split("  +", -1)[4]))
        .as("rounds, if the costs alone exceed the limit").isGreaterThan(10_000);
    assertThat(Files.size(file)).isLessThan(200_000);
    parse(Files.readString(file));
  }

  @Test
  void failsOnUnwritableSvg() {
    CommandRun early = CommandRun.vfio4j(withOutrun("--svg", folder.resolve("no/chart.svg").toString()));
    assertThat(early.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(early.err()).contains("chart.svg cannot be written");
    assertThat(early.out()).isEmpty();

    CommandRun late = CommandRun.vfio4j(withOutrun("--svg", "/dev/full"));
    assertThat(late.exitCode()).isEqualTo(ExitCodes.OUTPUT_FAILED);
    assertThat(late.err()).contains("--svg: /dev/full could not be written");
    assertThat(late.out()).isNotEmpty();
  }

  @Test
  void addsOnlyColoursWithColour() throws IOException {
    RoundTrace recording =
        TraceReader.read(Files.writeString(folder.resolve("run.json"), TraceReaderTest.RUN));
    Chart chart = new Chart(new ScenarioSweep(recording.sources(),
        new CostOptions().recorded(recording.fixedCost()), Duration.ofSeconds(10),
        List.of(ScenarioSweep.LinkBandwidth.recorded(recording.link())), List.of(Duration.ofMillis(300)),
        List.of(WhenNotConverging.ABORT)).run());
    List<String> plain = new TextChart(chart, false).lines();
    List<String> coloured = new TextChart(chart, true).lines();
    assertThat(String.join("\n", coloured)).contains("\u001b[36mA\u001b[0m");
    assertThat(coloured.stream().map(line -> line.replaceAll("\u001b\\[[0-9]+m", "")).toList())
        .isEqualTo(plain);
  }
}
