// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * {@code serve}: has a subcommand for each {@link DeviceProvider} of the modules, and by itself serves the device of any
 * class.
 */
@Command(name = "serve", description = {"Serve an emulated device over a vfio-user socket.",
    "DEVICE is one of the commands below. With --device, the class may be your own: a DeviceProvider with a public "
        + "constructor without parameters, a class with a public static method provider(), or an EmulatedDevice with a "
        + "public constructor (DeviceSetup)."}, customSynopsis = "vfio4j serve (DEVICE | --device=CLASS) --socket=PATH [OPTION]...", footer = {
            "", "Examples:", "  Serve a scratch device:",
            "    vfio4j serve scratch --socket /run/user/1000/a.sock --memory 256m",
            "  Serve one whose server can be replaced while a VM is using it (vfio4j swap):",
            "    vfio4j serve scratch --socket /run/user/1000/a.sock --control /run/user/1000/a.control",
            "  Serve a device of your own, from its class files:",
            "    vfio4j serve --device example.Dice --device-path target/classes --socket /run/user/1000/b.sock",
            "", "See also: vfio4j serve scratch --help, vfio4j serve idio-16 --help"})
public final class ServeCommand implements Callable<Integer> {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

  @Option(names = "--device", paramLabel = "CLASS", description = "Serve a device of class CLASS.")
  private @Nullable String device;

  @Option(names = "--device-path", paramLabel = "PATH", split = ":", description = "With --device: the jars and class folders to load CLASS from, separated by colons (default: the modules of vfio4j).")
  private List<Path> path = new ArrayList<>();

  @Option(names = {"-o",
      "--option"}, paramLabel = "NAME[=VALUE]", description = "With --device: set an option that the device declares. May be repeated.")
  private List<String> options = new ArrayList<>();

  @Mixin
  private final ServeOptions serving = new ServeOptions();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  /** Creates the command, with a subcommand for each device. */
  public static CommandLine commandLine() {
    CommandSpec spec = CommandSpec.forAnnotatedObject(new ServeCommand());
    // A device's own command requires the socket; picocli would require it here too.
    List<OptionSpec> all = List.copyOf(spec.options());
    all.forEach(spec::remove);
    all.forEach(option -> spec.addOption(option.toBuilder().required(false).build()));
    CommandLine command = new CommandLine(spec);
    providers().forEach((name, provider) -> command.addSubcommand(name, ServeDeviceCommand.spec(provider)));
    return command;
  }

  /** Returns the providers of the modules by name, those of vfio4j first. */
  static Map<String, DeviceProvider> providers() {
    Map<String, DeviceProvider> providers = new LinkedHashMap<>();
    for (DeviceProvider provider : ServiceLoader.load(DeviceProvider.class)) {
      if (!NAME.matcher(provider.name()).matches()) {
        throw new IllegalStateException(
            "%s provides '%s', which is not a device name".formatted(provider.getClass().getName(),
                provider.name()));
      }
      DeviceProvider other = providers.putIfAbsent(provider.name(), provider);
      if (other != null) {
        throw new IllegalStateException("%s and %s both provide the device '%s'"
            .formatted(other.getClass().getName(), provider.getClass().getName(), provider.name()));
      }
    }
    return providers;
  }

  @Override
  public Integer call() throws IOException {
    if (device == null) {
      throw usageError("missing device: expected %s or --device=CLASS".formatted(
          String.join(", ", common.spec().subcommands().keySet())));
    }
    serving.socket();
    try (DeviceClass loaded = DeviceClass.load(device, path)) {
      DeviceProvider provider = loaded.provider();
      return serving.serve(provider, options(provider), common.output());
    } catch (IllegalArgumentException e) {
      throw usageError("--device: " + e.getMessage());
    }
  }

  private DeviceOptions options(DeviceProvider provider) {
    DeviceOptions.Builder builder = DeviceOptions.builder(provider.options());
    for (String option : options) {
      String[] parts = option.split("=", 2);
      try {
        builder.set(parts[0], parts.length == 1 ? "" : parts[1]);
      } catch (IllegalArgumentException e) {
        throw usageError("-o: " + e.getMessage());
      }
    }
    return builder.build();
  }

  private ParameterException usageError(String message) {
    return new ParameterException(common.spec().commandLine(), message);
  }
}
