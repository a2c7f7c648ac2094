// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.DeviceAddressConverter;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.report.ComparisonReport;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** A file, and devices and memory to compare it with, as a mixin. */
public final class InspectOptions {

  @Parameters(index = "0", paramLabel = "FILE", description = "File to show.")
  private @Nullable Path file;

  @Parameters(index = "1..*", paramLabel = "DEVICE", arity = "0..*", converter = DeviceAddressConverter.class, description = "Device to compare the file with: vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME[?...]. One for each device in the file, in the same order.")
  private List<DeviceAddress> devices = new ArrayList<>();

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  /** Inspects open devices and memory. */
  @FunctionalInterface
  public interface DeviceInspection<T> {
    /** Inspects the devices without changing them. */
    T inspect(DeviceSet devices) throws IOException;
  }

  /** Returns the file, which is readable. */
  public Path path(CommandSpec spec) {
    return OptionValues.readableFile(spec, "FILE", OptionValues.required(file, "FILE"));
  }

  /**
   * Returns whether there are devices to compare the file with.
   *
   * @param spec the command
   * @throws ParameterException if there is memory without a device
   */
  public boolean hasDevices(CommandSpec spec) {
    if (devices.isEmpty() && !regions.isEmpty()) {
      throw new ParameterException(spec.commandLine(),
          "--region requires DEVICE");
    }
    return !devices.isEmpty();
  }

  /** Prints the result of a comparison, and returns the exit code. */
  public static int report(Comparison comparison, Output output) {
    return ComparisonReport.print(comparison, output);
  }

  /** Opens the devices, inspects them, and closes them. */
  public <T> T inspectDevices(Output output, CommandSpec spec, DeviceInspection<T> inspection)
      throws IOException {
    try (OpenDevices open = OpenDevices.open(devices, address -> address.open(output::warning));
        MappedMemory memory = regions.map(spec, output::warning)) {
      return inspection.inspect(open.deviceSet().withMemory(memory.regions()));
    }
  }
}
