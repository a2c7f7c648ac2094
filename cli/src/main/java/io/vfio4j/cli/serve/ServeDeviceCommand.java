// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.devices.DeviceOption;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** {@code serve NAME}: the options of every server, and those that the device's provider declares. */
@Command
final class ServeDeviceCommand implements Callable<Integer> {

  @Mixin
  private final ServeOptions serving = new ServeOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  private final DeviceProvider provider;

  private ServeDeviceCommand(DeviceProvider provider) {
    this.provider = provider;
  }

  static CommandSpec spec(DeviceProvider provider) {
    CommandSpec spec = CommandSpec.forAnnotatedObject(new ServeDeviceCommand(provider)).name(provider.name());
    spec.usageMessage().description(provider.summary(),
        "It serves one client at a time until SIGTERM or Ctrl-C, and then removes its socket.");
    spec.usageMessage().footer(("\n" + provider.details()).split("\n", -1));
    // The help lists the device's options before those of every command.
    List<OptionSpec> last = common(spec).options().stream()
        .map(option -> spec.findOption(option.longestName())).toList();
    last.forEach(spec::remove);
    provider.options().forEach(option -> spec.addOption(optionSpec(option)));
    last.forEach(spec::addOption);
    return spec;
  }

  private static CommandSpec common(CommandSpec spec) {
    return Objects.requireNonNull(spec.mixins().get("common"));
  }

  private static OptionSpec optionSpec(DeviceOption<?> option) {
    OptionSpec.Builder spec = OptionSpec.builder("--" + option.name()).description(option.description());
    return (switch (option.arity()) {
      case FLAG -> spec.type(boolean.class);
      case SINGLE -> spec.type(String.class).paramLabel(option.label());
      case REPEATED -> spec.type(List.class).auxiliaryTypes(String.class).paramLabel(option.label());
    }).build();
  }

  @Override
  public Integer call() throws IOException {
    rejectOptionsBeforeName();
    return serving.serve(provider, options(), common.output());
  }

  /** picocli would ignore them: {@code serve --many scratch}. */
  private void rejectOptionsBeforeName() {
    CommandSpec serve = common.spec().parent();
    serve.commandLine().getParseResult().matchedOptions().stream().map(OptionSpec::longestName)
        .filter(name -> !common(serve).optionsMap().containsKey(name)).findFirst()
        .ifPresent(name -> {
          throw new ParameterException(common.spec().commandLine(),
              "%s must follow the name of the device, '%s'".formatted(name,
                  provider.name()));
        });
  }

  private DeviceOptions options() {
    DeviceOptions.Builder options = DeviceOptions.builder(provider.options());
    for (DeviceOption<?> option : provider.options()) {
      for (String text : texts(option)) {
        try {
          options.set(option.name(), text);
        } catch (IllegalArgumentException e) {
          throw new ParameterException(common.spec().commandLine(), "--" + e.getMessage(), e);
        }
      }
    }
    return options.build();
  }

  private List<String> texts(DeviceOption<?> option) {
    return switch (common.spec().findOption("--" + option.name()).getValue()) {
      case null -> List.of();
      case Boolean set -> set ? List.of("") : List.of();
      case List<?> several -> several.stream().map(String::valueOf).toList();
      case Object one -> List.of(one.toString());
    };
  }
}
