// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.idio16.Idio16Device;
import io.vfio4j.devices.idio16.Wiring;
import io.vfio4j.vfiouser.server.ServerLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "idio-16", description = {
    "Serve a card PCI-IDIO-16, with 16 inputs and 16 outputs, which Linux drives with gpio-pci-idio-16.",
    "It serves one client after the other until SIGTERM or Ctrl-C, and then removes its socket."}, footer = {
        "", "Examples:", "  Serve a card whose outputs are wired to its inputs:",
        "    vfio4j serve idio-16 --socket /tmp/a.sock --loopback",
        "  Serve one whose inputs a file tells, and energize inputs 0 and 15:",
        "    vfio4j serve idio-16 --socket /tmp/a.sock --inputs /tmp/inputs",
        "    echo 0x8001 > /tmp/inputs"})
final class ServeIdio16Command implements Callable<Integer> {

  /** What the card's terminals are wired to. */
  private static final class Terminals {

    @Option(names = "--loopback", required = true, description = "Wire each output to the input of the same number.")
    private boolean loopback;

    @Option(names = "--inputs", paramLabel = "FILE", required = true, description = "Energize the inputs that FILE says, as 0x8001 does 0 and 15; it may be changed at any time.")
    private @Nullable Path inputs;

    Wiring wiring(Output output) {
      return loopback
          ? Wiring.LOOPBACK
          : new FileWiring(OptionValues.required(inputs, "--inputs"), output::warning);
    }
  }

  @Mixin
  private final ServeOptions serving = new ServeOptions();

  @ArgGroup
  private @Nullable Terminals terminals;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Output output = common.output();
    return serving.serve((name, log) -> device(name, log, output), event -> event, output);
  }

  private Idio16Device device(String name, ServerLog log, Output output) throws IOException {
    DeviceSetup setup = DeviceSetup.named(name).withFeatures(serving.features()).withLog(log);
    return new Idio16Device(setup, terminals == null ? Wiring.OPEN : terminals.wiring(output));
  }
}
