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

/** Which device is meant. To be mixed in. */
final class StateMachineOptions {

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(names = "--v1", description = "Version 1 of the protocol: bits in a field.")
  private boolean v1;

  @Option(names = "--features", paramLabel = "LIST", description = {
      "What the device has: some of stop_copy,p2p,pre_copy (the first is implied), or none.",
      "With --v1: ndma, and the optional arcs, as in 'ndma,STOP_COPY>RESUMING'; all is each arc.",
      "Default: all; for states --v1 the arcs that the protocol names."})
  private @Nullable String features;

  /**
   * Returns the machine that is asked for.
   *
   * @param defaultV1 what {@code --v1} means without features
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

  /** The features of version 2 are in version 1 too: two in every device, and P2P by the name NDMA. */
  private static FeaturesV1 parseV1(String list) {
    String inV1 = Arrays.stream(list.split(",", -1)).map(String::strip)
        .map(part -> switch (part.toLowerCase(Locale.ROOT).replace('-', '_')) {
          case "p2p" -> "ndma";
          case "none", "stop_copy", "pre_copy" -> "";
          case "" -> throw new IllegalArgumentException("a name is missing in '%s'".formatted(list));
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
