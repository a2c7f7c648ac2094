// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "probe", description = {"Tell what a device is, and whether it can migrate.",
    "It looks without changing anything. Exit code 0: it can migrate; 1: it cannot."}, footer = {"",
        "Examples:", "  vfio4j probe vfio-user:/tmp/a.sock",
        "  vfio4j probe kernel:0000:3b:00.2",
        "  vfio4j probe 'kernel:/dev/vfio/devices/vfio0?interface=cdev'",
        "  vfio4j probe vfio-user:/tmp/a.sock --json | jq .features",
        "  vfio4j probe 'sim:a?features=stop_copy'"})
final class ProbeCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DEVICE", converter = DeviceAddressConverter.class, description = "The device: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&features=LIST&migration=v1|v2|both&load=FILE&fault=SPEC].")
  private @Nullable DeviceAddress device;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Output output = common.output();
    try (OpenDevice open = Options.required(device, "DEVICE").open(output::warning)) {
      ProbeReport report = ProbeReport.of(open);
      report.lines().forEach(output::line);
      output.result(report.json());
      return report.canMigrate() ? ExitCodes.DONE : ExitCodes.NOT_DONE;
    }
  }
}
