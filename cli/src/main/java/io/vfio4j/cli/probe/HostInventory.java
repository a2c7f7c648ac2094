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
 * The devices of a host that VFIO can assign, and whether they can migrate.
 *
 * @param host the host
 * @param entries the devices, PCI devices first
 */
record HostInventory(Host host, List<Entry> entries) {

  /** Whether a device can migrate. */
  sealed interface Verdict {

    /** Returns the reason or the details as text. */
    String description();
  }

  /** The device can migrate, once it is in RUNNING. */
  record CanMigrate(MigrationFeatures features, DeviceState state) implements Verdict {
    @Override
    public String description() {
      return "%s; it is in %s".formatted(String.join(", ", FeatureNames.of(features)), state);
    }
  }

  /** The device cannot migrate. */
  record CannotMigrate(String description) implements Verdict {
  }

  /** The device could not be inspected. */
  record NotInspected(String description) implements Verdict {
  }

  /** A device and its verdict. */
  record Entry(HostDevice device, Verdict verdict) {
  }

  static HostInventory of(Host host) throws DeviceException {
    VariantDrivers drivers = host.variantDrivers();
    List<Entry> entries = new ArrayList<>();
    for (HostDevice device : host.devices().all()) {
      if (isVfioCandidate(device)) {
        entries.add(new Entry(device, inspect(device, host, drivers)));
      }
    }
    return new HostInventory(host, List.copyOf(entries));
  }

  /** Inspects one device of any kind. */
  static Entry inspect(HostDevice device, Host host) {
    return new Entry(device, inspect(device, host, host.variantDrivers()));
  }

  /** Bridges are in groups too, but cannot be assigned; a device outside of any group cannot either. */
  private static boolean isVfioCandidate(HostDevice device) {
    return (device.group().isPresent() || device.cdev().isPresent() || device.kind() == Kind.MEDIATED)
        && device.ids().filter(PciIds::isBridge).isEmpty();
  }

  private static Verdict inspect(HostDevice device, Host host, VariantDrivers drivers) {
    Optional<String> driver = device.driver();
    boolean isBound =
        device.kind() == Kind.PCI ? driver.filter(VariantDrivers::isVfio).isPresent() : driver.isPresent();
    if (!isBound || (device.kind() == Kind.PCI && driver.filter(VariantDrivers::neverMigrates).isPresent())) {
      return new CannotMigrate(drivers.explainNoMigration(device));
    }
    try (
        KernelDevice open = KernelDevice.open(device, new KernelOptions(Optional.empty(), host.calls()))) {
      return open.features().canMigrate()
          ? new CanMigrate(open.features(), open.state())
          : new CannotMigrate(drivers.explainNoMigration(device));
    } catch (DeviceException e) {
      return new NotInspected(String.valueOf(e.getMessage()).replaceFirst("^" + device.address() + ": ", ""));
    }
  }

  /** Returns whether at least one device can migrate. */
  boolean canAnyMigrate() {
    return entries.stream().anyMatch(found -> found.verdict() instanceof CanMigrate);
  }

  /** Returns whether the host has no device that VFIO can assign. */
  boolean isEmpty() {
    return entries.isEmpty();
  }
}
