// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The {@code states} command. */
@Command(name = "states", description = {
    "Show the device states and the arcs between them: their meaning, and the features they require.",
    "An arc is a single step of a device; vfio4j plan shows longer paths."}, footer = {"", "Examples:",
        "  vfio4j states", "  vfio4j states --features p2p --format mermaid",
        "  vfio4j states --v1 --format svg > states.svg",
        "  vfio4j states --v1 --features 'ndma,STOP_COPY>RESUMING' --format dot | dot -Tpdf > states.pdf",
        "  vfio4j states --json | jq .sessions"})
public final class StatesCommand implements Callable<Integer> {

  @Mixin
  private final StateMachineOptions machine = new StateMachineOptions();

  @Option(names = "--format", paramLabel = "FORMAT", converter = OutputFormatConverter.class, description = {
      "Output format: ${COMPLETION-CANDIDATES} (default: table). --json is short for --format json."})
  private @Nullable OutputFormat format;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() {
    if (common.json() && format != null && format != OutputFormat.JSON) {
      throw new ParameterException(common.spec().commandLine(),
          "--json and --format %s are mutually exclusive".formatted(format));
    }
    StateGraph graph = machine.machine(StateMachineV1.specified()).graph();
    Output output = common.output();
    if (common.json()) {
      output.result(new StatesJson(graph).build());
    } else {
      output.line((format == null ? OutputFormat.TABLE : format).render(graph));
    }
    return ExitCodes.SUCCESS;
  }
}
