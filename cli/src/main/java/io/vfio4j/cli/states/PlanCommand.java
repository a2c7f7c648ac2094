// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The {@code plan} command. */
@Command(name = "plan", description = {
    "Show the paths of a device from one state to another, best first, with reasons.",
    "Exit code 0: there is a path; 1: there is none."}, footer = {"", "Examples:",
        "  vfio4j plan RUNNING stop-copy",
        "  vfio4j plan STOP_COPY PRE_COPY --features pre_copy --json | jq .ways[0].path",
        "  vfio4j plan --v1 'SAVING|RUNNING' RESUMING --features none",
        "  vfio4j plan --v1 STOP_COPY RESUMING --features 'ndma,STOP>RESUMING'"})
public final class PlanCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "FROM", description = {
      "Current state: a name (STOP_COPY, stop-copy), a number, or with --v1 bits."})
  private @Nullable String from;

  @Parameters(index = "1", paramLabel = "TO", description = "Target state, in the same forms.")
  private @Nullable String to;

  @Mixin
  private final StateMachineOptions machine = new StateMachineOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() {
    return plan(machine.machine(StateMachineV1.withAllArcs()));
  }

  private <S> int plan(StateMachine<S> states) {
    S start = parse(states, "FROM", from);
    S end = parse(states, "TO", to);
    PlanReport<S> report = new PlanReport<>(states, states.plan(start, end));
    Output output = common.output();
    report.lines().forEach(output::line);
    output.result(report.json());
    return report.hasPath() ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  private <S> S parse(StateMachine<S> states, String name, @Nullable String text) {
    try {
      return states.parse(OptionValues.required(text, name));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(common.spec().commandLine(), name + ": " + e.getMessage(), e);
    }
  }
}
