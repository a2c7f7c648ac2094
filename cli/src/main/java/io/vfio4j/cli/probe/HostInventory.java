// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.device.Host;
import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.HostDevice.Kind;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelOptions;
import io.vfio4j.linux.vfio.PciIds;
import io.vfio4j.linux.vfio.VariantDrivers;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All devices of a machine that VFIO can hand on, and whether they can migrate.
 *
 * @param host the machine
 * @param entries what there is, PCI devices first
 */
record HostInventory(Host host, List<Entry> entries) {

  /** What was found of a device. */
  sealed interface Verdict {

    /** Returns the words behind it. */
    String description();
  }

  /** It can migrate, as soon as it runs. */
  record CanMigrate(MigrationFeatures features, DeviceState state) implements Verdict {
    @Override
    public String description() {
      return "%s; it is in %s".formatted(String.join(", ", FeatureNames.of(features)), state);
    }
  }

  /** It cannot. */
  record CannotMigrate(String description) implements Verdict {
  }

  /** It could not be looked at. */
  record NotInspected(String description) implements Verdict {
  }

  /** A device and what was found of it. */
  record Entry(HostDevice device, Verdict verdict) {
  }

  static HostInventory of(Host machine) throws DeviceException {
    VariantDrivers drivers = machine.variantDrivers();
    List<Entry> surveyed = new ArrayList<>();
    for (HostDevice device : machine.devices().all()) {
      if (isVfioCandidate(device)) {
        surveyed.add(new Entry(device, inspect(device, machine, drivers)));
      }
    }
    return new HostInventory(machine, List.copyOf(surveyed));
  }

  /** Looks at one device, whatever it is. */
  static Entry inspect(HostDevice device, Host machine) {
    return new Entry(device, inspect(device, machine, machine.variantDrivers()));
  }

  /** Bridges are in groups too, but are nobody's to hand on; what is in no group VFIO does not take. */
  private static boolean isVfioCandidate(HostDevice device) {
    return (device.group().isPresent() || device.cdev().isPresent() || device.kind() == Kind.MEDIATED)
        && device.ids().filter(PciIds::isBridge).isEmpty();
  }

  private static Verdict inspect(HostDevice device, Host machine, VariantDrivers drivers) {
    Optional<String> driver = device.driver();
    boolean isBound =
        device.kind() == Kind.PCI ? driver.filter(VariantDrivers::isVfio).isPresent() : driver.isPresent();
    if (!isBound || (device.kind() == Kind.PCI && driver.filter(VariantDrivers::neverMigrates).isPresent())) {
      return new CannotMigrate(drivers.explainNoMigration(device));
    }
    try (
        KernelDevice open = KernelDevice.open(device, new KernelOptions(Optional.empty(), machine.calls()))) {
      return open.features().canMigrate()
          ? new CanMigrate(open.features(), open.state())
          : new CannotMigrate(drivers.explainNoMigration(device));
    } catch (DeviceException e) {
      return new NotInspected(String.valueOf(e.getMessage()).replaceFirst("^" + device.address() + ": ", ""));
    }
  }

  /** Tells whether a device was found that can migrate. */
  boolean canAnyMigrate() {
    return entries.stream().anyMatch(found -> found.verdict() instanceof CanMigrate);
  }

  /** Tells whether there is nothing that VFIO could hand on. */
  boolean isEmpty() {
    return entries.isEmpty();
  }
}
