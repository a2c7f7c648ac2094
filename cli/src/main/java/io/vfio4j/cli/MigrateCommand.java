// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.LocalMigration;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

@Command(name = "migrate", description = {"Move a device's state to another device on this machine.",
    "Both devices have to run, and nobody else may be connected to them. Afterwards the device runs at the target; "
        + "where its server does not keep it so, this command holds it open until SIGTERM or Ctrl-C. "
        + "A failure before the handover leaves the source running with nothing lost.",
    "Not carried are config space, interrupt setup and DMA mappings: the device's driver sets them up anew. "
        + "The source's device is reset when it is let go of."}, footer = {"", "Examples:",
            "  vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock",
            "  At most 100 ms of downtime and 200 MiB a second:",
            "    vfio4j migrate --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock --max-downtime 100ms "
                + "--max-bandwidth 200m",
            "  Between two kernel devices:",
            "    vfio4j migrate --from kernel:0000:3b:00.2 --to kernel:0000:3b:00.3",
            "  Hold the device open while a program looks at it:",
            "    vfio4j migrate --from sim:a --to vfio-user:/tmp/b.sock --then 'sleep 60'"})
final class MigrateCommand implements Callable<Integer> {

  @Option(names = "--from", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "The device that leaves: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?memory=SIZE&...].")
  private @Nullable DeviceAddress from;

  @Option(names = "--to", paramLabel = "DEVICE", required = true, converter = DeviceAddressConverter.class, description = "The device that receives its state, and loses its own.")
  private @Nullable DeviceAddress to;

  @Mixin
  private final MigrationFlags flags = new MigrationFlags();

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final Holding holding = new Holding();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    DeviceAddress left = Options.required(from, "--from");
    DeviceAddress right = Options.required(to, "--to");
    if (left.toString().equals(right.toString())) {
      throw new ParameterException(common.spec().commandLine(),
          "--from and --to are the same device; give two, as in --from vfio-user:/tmp/a.sock --to vfio-user:/tmp/b.sock");
    }
    MigrationOptions options = flags.options(common.spec());
    Output output = common.output();
    try (OpenDevice target = right.open(output::warning)) {
      // Let go of before the target is held: somebody may wait for it.
      try (OpenDevice source = left.openSource(reset.isAllowed(), output::warning)) {
        // Not before the source is known to be one that can leave.
        target.prepareAsTarget();
        new SourceSide(source, target.name(), holding.isAllowed(), output).run(listener -> LocalMigration
            .run(source.device(), target.device(), options, Workload.NONE, listener));
      }
      holding.keep(target, output);
    }
    return ExitCodes.DONE;
  }
}
