// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.LazyCodecs;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.MigrationOptions;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;

/** The options of commands that load a state into devices (receive, restore): a picocli mixin. */
final class TargetOptions {

  @Mixin
  private final ArcTimeoutOption arcTimeout = new ArcTimeoutOption();

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final HoldOptions hold = new HoldOptions();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  /** Returns the options of the migration. */
  MigrationOptions build(CommandSpec spec) {
    try {
      MigrationOptions.Builder options = MigrationOptions.builder().codecs(LazyCodecs.INSTANCE);
      arcTimeout.applyTo(options);
      return options.build();
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }

  /** Opens devices with the timeouts of a migration. */
  OpenDevices open(List<DeviceAddress> devices, CommandContext context) throws IOException {
    return open(devices, context.options(), context.output());
  }

  /** Opens devices with the timeouts of a migration. */
  static OpenDevices open(List<DeviceAddress> devices, MigrationOptions options, Output output)
      throws IOException {
    return OpenDevices.open(DeviceAddress.withTimeout(options.timeouts(), devices),
        address -> address.open(output::warning));
  }

  RegionOptions regions() {
    return regions;
  }

  MappedMemory mapMemory(CommandSpec spec, Output output) throws IOException {
    return regions.map(spec, output::warning);
  }

  MigrationMonitor startMonitor(CommandSpec spec, Output output) throws IOException {
    return watch.start(spec, output);
  }

  /** Keeps devices that run open as the options say. */
  void hold(OpenDevices devices, Output output) throws IOException, InterruptedException {
    hold.hold(devices, output);
  }
}
