// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.RateConverter;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.engine.output.OutputFile;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.simulation.DirtySource;
import io.vfio4j.engine.simulation.RoundTrace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The {@code simulate} command. */
@Command(name = "simulate", description = {
    "Simulate migrations, and compare when each policy would switch over.",
    "The dirty rates are synthetic (--memory, --device) or recorded (--trace). Every combination of the given values is "
        + "simulated; the result is a table of rounds, bytes, times and downtimes, and a chart.",
    "SPEC is SIZE[:WRITES[+WRITES]...]. WRITES is RATE[@SIZE][,cyclic][,burst=TIME/TIME][,to=RATE/TIME]: RATE bytes per "
        + "second at random places of a working set of SIZE bytes (default: the rest). cyclic: in order instead of at random; "
        + "burst: only for the first TIME of each period, the second TIME; to: changing linearly to RATE over TIME."}, footer = {
            "", "Examples:",
            "  A guest of 8 GiB with a working set, over a link of 10 Gbit/s:",
            "    vfio4j simulate --memory 8g:200m@512m+5m --bandwidth 1100m",
            "  Compare downtime limits and bandwidths:",
            "    vfio4j simulate --memory 8g:900m@2g --bandwidth 500m,1g --max-downtime 300ms,1s --deadline 60s",
            "  A device that writes in bursts, with the chart as a picture:",
            "    vfio4j simulate --device 1g:400m,burst=2s/10s --bandwidth 300m --svg bursts.svg",
            "  The rates of a real migration, with another link:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --json > run.json",
            "    vfio4j simulate --trace run.json --bandwidth 50m,100m"})
public final class SimulateCommand implements Callable<Integer> {

  private static final Duration MAX_DOWNTIME = Duration.ofMillis(300);

  @Option(names = "--memory", paramLabel = "SPEC", converter = SourceSpecConverter.class, description = "Memory to send, and the rate of writes to it. May be repeated.")
  private List<SourceSpec> memory = new ArrayList<>();

  @Option(names = "--device", paramLabel = "SPEC", converter = SourceSpecConverter.class, description = "Device state to send, and the rate at which it changes. May be repeated.")
  private List<SourceSpec> devices = new ArrayList<>();

  @Option(names = "--trace", paramLabel = "FILE", description = "Use the rates of a real migration, from its --json output in FILE.")
  private @Nullable Path trace;

  @Option(names = "--bandwidth", paramLabel = "RATE", split = ",", converter = RateConverter.class, description = "Bandwidth in bytes per second; several separated by commas (default with --trace: as recorded).")
  private List<Long> bandwidths = new ArrayList<>();

  @Option(names = "--max-downtime", paramLabel = "TIME", split = ",", converter = DurationConverter.class, description = "Maximum downtime; several separated by commas (default: 300ms).")
  private List<Duration> maxDowntimes = new ArrayList<>();

  @Option(names = "--when-not-converging", paramLabel = "ACTION", split = ",", converter = WhenNotConvergingConverter.class, completionCandidates = WhenNotConvergingConverter.Candidates.class, description = "Policy at the deadline: wait, abort, force; several separated by commas (default: all three).")
  private List<WhenNotConverging> policies = new ArrayList<>();

  @Option(names = "--deadline", paramLabel = "TIME", converter = DurationConverter.class, description = "How long pre-copy may take to reach the maximum downtime (default: 5m).")
  private Duration deadline = Duration.ofMinutes(5);

  @Mixin
  private final CostOptions costs = new CostOptions();

  @Option(names = "--rounds", description = "Also show each round.")
  private boolean rounds;

  @Option(names = "--svg", paramLabel = "FILE", description = "Write the chart as an SVG picture to FILE.")
  private @Nullable Path svg;

  @Option(names = "--title", paramLabel = "TEXT", description = "Title of the picture (default: 'Bytes left to send').")
  private String title = "Bytes left to send";

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    checkSources();
    Optional<OutputFile> picture = OptionValues.outputFile(common.spec(), "--svg", svg);
    List<ScenarioResult> all;
    try {
      all = (trace == null ? synthetic() : recorded(trace)).run();
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
    show(all);
    if (picture.isPresent()) {
      write(picture.get(), new SvgChart(title, new Chart(all)).text());
    }
    return ExitCodes.SUCCESS;
  }

  private void checkSources() {
    boolean any = !memory.isEmpty() || !devices.isEmpty();
    if (any == (trace != null)) {
      throw new ParameterException(common.spec().commandLine(), any
          ? "--trace cannot be combined with --memory or --device"
          : "missing source: expected --memory SPEC, --device SPEC or --trace FILE");
    }
    if (any && bandwidths.isEmpty()) {
      throw new ParameterException(common.spec().commandLine(),
          "missing bandwidth: expected --bandwidth RATE");
    }
  }

  private ScenarioSweep synthetic() {
    List<DirtySource> sources = new ArrayList<>();
    devices.forEach(spec -> sources.add(spec.source(DirtySource.Kind.DEVICE)));
    memory.forEach(spec -> sources.add(spec.source(DirtySource.Kind.MEMORY)));
    return sweep(sources, costs.synthetic(), steady());
  }

  private ScenarioSweep recorded(Path file) throws IOException {
    RoundTrace recording = TraceReader.read(OptionValues.readableFile(common.spec(), "--trace", file));
    return sweep(recording.sources(), costs.recorded(recording.fixedCost()),
        bandwidths.isEmpty() ? List.of(ScenarioSweep.LinkBandwidth.recorded(recording.link())) : steady());
  }

  private List<ScenarioSweep.LinkBandwidth> steady() {
    return bandwidths.stream().map(ScenarioSweep.LinkBandwidth::steady).toList();
  }

  private ScenarioSweep sweep(List<DirtySource> sources, CostOptions.Costs cost,
      List<ScenarioSweep.LinkBandwidth> links) {
    return new ScenarioSweep(sources, cost, deadline, links,
        maxDowntimes.isEmpty() ? List.of(MAX_DOWNTIME) : maxDowntimes,
        policies.isEmpty() ? List.of(WhenNotConverging.values()) : policies);
  }

  private void show(List<ScenarioResult> all) {
    Output output = common.output();
    ScenarioTables text = new ScenarioTables(all);
    text.summary().forEach(output::line);
    output.line("");
    new TextChart(new Chart(all), Terminal.supportsColour(Terminal.STDOUT)).lines().forEach(output::line);
    if (rounds) {
      text.rounds().forEach(output::line);
    }
    all.forEach(one -> output.result(ScenarioResultJson.of(one)));
  }

  private static void write(OutputFile file, String text) throws IOException {
    try {
      file.write(text);
    } catch (IOException e) {
      throw new CommandException(ExitCodes.OUTPUT_FAILED,
          "--svg: %s could not be written: %s".formatted(file, ErrorMessages.describe(e)), e);
    }
  }
}
