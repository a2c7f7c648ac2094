// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.base.FeaturesConverter;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.v1.FeaturesV1;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options that select a state machine, as a mixin. */
final class StateMachineOptions {

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(names = "--v1", description = "Use version 1 of the protocol, in which a state is a set of bits.")
  private boolean v1;

  @Option(names = "--features", paramLabel = "LIST", description = {
      "Features of the device: any of stop_copy,p2p,pre_copy (the first is implied), or none.",
      "With --v1: ndma, and optional arcs, as in 'ndma,STOP_COPY>RESUMING'; all means every arc.",
      "Default: all; with states --v1, the arcs that the protocol names."})
  private @Nullable String features;

  /**
   * Returns the selected machine.
   *
   * @param defaultV1 the machine for {@code --v1} without features
   */
  StateMachine<?> machine(StateMachineV1 defaultV1) {
    if (features == null) {
      return v1 ? defaultV1 : new StateMachineV2(MigrationFeatures.ALL);
    }
    try {
      return v1 ? new StateMachineV1(parseV1(features))
          : new StateMachineV2(new FeaturesConverter().convert(features));
    } catch (IllegalArgumentException | TypeConversionException e) {
      throw usageError("--features: " + e.getMessage(), e);
    }
  }

  /** Also accepts the names of version 2: every device has two of them, and P2P corresponds to NDMA. */
  private static FeaturesV1 parseV1(String list) {
    String inV1 = Arrays.stream(list.split(",", -1)).map(String::strip)
        .map(part -> switch (part.toLowerCase(Locale.ROOT).replace('-', '_')) {
          case "p2p" -> "ndma";
          case "none", "stop_copy", "pre_copy" -> "";
          case "" -> throw new IllegalArgumentException("empty name in '%s'".formatted(list));
          default -> part;
        }).filter(part -> !part.isEmpty()).collect(Collectors.joining(","));
    return FeaturesV1.parse(inV1);
  }

  private ParameterException usageError(String message, Exception cause) {
    if (mixee == null) {
      throw new IllegalStateException("not a part of a command");
    }
    return new ParameterException(mixee.commandLine(), message, cause);
  }
}
