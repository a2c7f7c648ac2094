// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.Host;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceException;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The {@code probe} command. */
@Command(name = "probe", description = {"Show what a device is, and whether it can migrate.",
    "The device is not changed. Exit code 0: it can migrate; 1: it cannot. Through a control socket, also show who uses it.",
    "With --all: show every device of this host that VFIO can assign, as far as it can be opened. Exit code 0: at least "
        + "one of them can migrate; 1: none can."}, footer = {"",
            "Examples:", "  vfio4j probe vfio-user:/tmp/a.sock",
            "  Also show the VMM that uses it:", "    vfio4j probe control:/tmp/a.control",
            "  vfio4j probe kernel:0000:3b:00.2",
            "  vfio4j probe 'kernel:/dev/vfio/devices/vfio0?interface=cdev'",
            "  vfio4j probe vfio-user:/tmp/a.sock --json | jq .features", "  sudo vfio4j probe --all",
            "  vfio4j probe 'sim:a?features=stop_copy'"})
public final class ProbeCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", arity = "0..1", converter = DeviceAddressConverter.class, description = "Device to show: vfio-user:PATH, control:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&features=LIST&migration=v1|v2|both&load=FILE&fault=SPEC].")
  private @Nullable DeviceAddress device;

  @Option(names = "--all", description = "Show every device of this host that VFIO can assign, instead of DEVICE.")
  private boolean all;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    if (all == (device != null)) {
      throw new ParameterException(common.spec().commandLine(),
          "expected either DEVICE or --all");
    }
    return device == null ? probeAll(Host.LOCAL) : probe(device);
  }

  /** Opens a device. If a kernel device cannot be opened, prints what sysfs shows of it. */
  private static OpenDevice open(DeviceAddress address, Output output) throws IOException {
    try {
      return address.open(output::warning);
    } catch (DeviceException e) {
      if (address instanceof DeviceAddress.Kernel kernel) {
        HostInventory.Entry entry = HostInventory.inspect(kernel.hostDevice(), kernel.host());
        HostInventoryReport.lines(entry).forEach(output::line);
        output.event(Json.event("probe-failed").with("device", HostInventoryReport.json(entry)).build());
      }
      throw e;
    }
  }

  private int probe(DeviceAddress address) throws IOException {
    Output output = common.output();
    try (OpenDevice open = open(address, output)) {
      ProbeReport report = ProbeReport.of(open);
      report.lines().forEach(output::line);
      output.result(report.json());
      return report.canMigrate() ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
    }
  }

  private int probeAll(Host host) throws IOException {
    Output output = common.output();
    HostInventory inventory = HostInventory.of(host);
    HostInventoryReport report = new HostInventoryReport(inventory);
    report.lines().forEach(output::line);
    output.result(report.json());
    return inventory.canAnyMigrate() ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }
}
