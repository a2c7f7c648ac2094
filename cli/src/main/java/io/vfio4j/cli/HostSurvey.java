// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

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
 * @param machine the machine
 * @param devices what there is, PCI devices first
 */
record HostSurvey(HostMachine machine, List<Surveyed> devices) {

  /** What was found of a device. */
  sealed interface Verdict {

    /** Returns the words behind it. */
    String words();
  }

  /** It can migrate, as soon as it runs. */
  record Migrates(MigrationFeatures features, DeviceState state) implements Verdict {
    @Override
    public String words() {
      return "%s; it is in %s".formatted(String.join(", ", FeatureNames.of(features)), state);
    }
  }

  /** It cannot. */
  record MigratesNot(String words) implements Verdict {
  }

  /** It could not be looked at. */
  record Unseen(String words) implements Verdict {
  }

  /** A device and what was found of it. */
  record Surveyed(HostDevice device, Verdict verdict) {
  }

  static HostSurvey of(HostMachine machine) throws DeviceException {
    VariantDrivers drivers = machine.drivers();
    List<Surveyed> surveyed = new ArrayList<>();
    for (HostDevice device : machine.devices().all()) {
      if (isOfVfio(device)) {
        surveyed.add(new Surveyed(device, look(device, machine, drivers)));
      }
    }
    return new HostSurvey(machine, List.copyOf(surveyed));
  }

  /** Looks at one device, whatever it is. */
  static Surveyed look(HostDevice device, HostMachine machine) {
    return new Surveyed(device, look(device, machine, machine.drivers()));
  }

  /** Bridges are in groups too, but are nobody's to hand on; what is in no group VFIO does not take. */
  private static boolean isOfVfio(HostDevice device) {
    return (device.group().isPresent() || device.cdev().isPresent() || device.kind() == Kind.MEDIATED)
        && device.ids().filter(PciIds::isBridge).isEmpty();
  }

  private static Verdict look(HostDevice device, HostMachine machine, VariantDrivers drivers) {
    Optional<String> driver = device.driver();
    boolean isBound =
        device.kind() == Kind.PCI ? driver.filter(VariantDrivers::isVfio).isPresent() : driver.isPresent();
    if (!isBound || (device.kind() == Kind.PCI && driver.filter(VariantDrivers::neverMigrates).isPresent())) {
      return new MigratesNot(drivers.explainNoMigration(device));
    }
    try (
        KernelDevice open = KernelDevice.open(device, new KernelOptions(Optional.empty(), machine.calls()))) {
      return open.features().canMigrate()
          ? new Migrates(open.features(), open.state())
          : new MigratesNot(drivers.explainNoMigration(device));
    } catch (DeviceException e) {
      return new Unseen(String.valueOf(e.getMessage()).replaceFirst("^" + device.address() + ": ", ""));
    }
  }

  /** Tells whether a device was found that can migrate. */
  boolean hasAny() {
    return devices.stream().anyMatch(found -> found.verdict() instanceof Migrates);
  }

  /** Tells whether there is nothing that VFIO could hand on. */
  boolean isEmpty() {
    return devices.isEmpty();
  }
}
