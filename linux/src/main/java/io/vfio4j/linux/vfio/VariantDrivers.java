// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which VFIO driver suits a PCI device. The kernel's modules say it themselves, in {@code modules.alias}: a line
 * {@code alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci} for each kind of device that a variant driver
 * knows how to migrate, and one that matches all for the plain vfio-pci. What is known here besides is which kernel
 * brings one that is missing.
 */
public final class VariantDrivers {

  /** The driver that hands on any PCI device, and knows nothing of migration. */
  public static final String VFIO_PCI = "vfio-pci";

  private static final String ALIAS = "alias vfio_pci:";

  /**
   * A variant driver of the kernel's.
   *
   * @param driver what it is called where devices are bound to it
   * @param supportsMigration whether it migrates devices
   * @param since the kernel that brings its migration
   * @param ids for which devices it is, vendor and device as in {@code 15b3:101e}
   */
  record KnownDriver(String driver, boolean supportsMigration, String since, List<String> ids) {

    String module() {
      return moduleName(driver);
    }

    String option() {
      return "CONFIG_" + module().toUpperCase(Locale.ROOT);
    }
  }

  private static final List<KnownDriver> KNOWN = List.of(
      new KnownDriver("mlx5_vfio_pci", true, "5.18", List.of("15b3:101e")),
      new KnownDriver("hisi_acc_vfio_pci", true, "5.18", List.of("19e5:a251", "19e5:a256", "19e5:a259")),
      new KnownDriver("pds_vfio_pci", true, "6.6", List.of("1dd8:1003")),
      new KnownDriver("qat_vfio_pci", true, "6.10", List.of("8086:4941", "8086:4943", "8086:4945")),
      new KnownDriver("virtio_vfio_pci", true, "6.13", List.of("1af4:1041")),
      new KnownDriver("xe-vfio-pci", true, "6.19", List.of()),
      new KnownDriver("nvgrace_gpu_vfio_pci", false, "6.9", List.of()));

  /**
   * What a module says it is for.
   *
   * @param pattern matches {@link PciIds#modalias}
   * @param wildcards how many places it leaves open: the fewer, the better it fits
   */
  private record Alias(Pattern pattern, long wildcards, String module) {
  }

  private final List<Alias> aliases;
  private final boolean isComplete;

  private VariantDrivers(List<Alias> aliases, boolean isComplete) {
    this.aliases = aliases;
    this.isComplete = isComplete;
  }

  /** Reads those of the kernel that runs. */
  public static VariantDrivers system() {
    try {
      String release = Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
      return read(Path.of("/lib/modules", release, "modules.alias"));
    } catch (IOException e) {
      return new VariantDrivers(List.of(), false);
    }
  }

  /**
   * Reads those of a kernel.
   *
   * @param modulesAlias its file of that name; if it is missing, nothing is known of the kernel's drivers
   */
  public static VariantDrivers read(Path modulesAlias) {
    List<Alias> aliases = new ArrayList<>();
    try {
      // Names of foreign modules may be anything.
      for (String line : Files.readAllLines(modulesAlias, StandardCharsets.ISO_8859_1)) {
        int end = line.lastIndexOf(' ');
        if (line.startsWith(ALIAS) && end > ALIAS.length()) {
          aliases.add(alias(line.substring(ALIAS.length(), end), line.substring(end + 1)));
        }
      }
    } catch (IOException e) {
      return new VariantDrivers(List.of(), false);
    }
    aliases.sort(Comparator.comparingLong(Alias::wildcards));
    return new VariantDrivers(List.copyOf(aliases), true);
  }

  private static Alias alias(String glob, String module) {
    String regex = Pattern.quote(glob).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return new Alias(Pattern.compile(regex), glob.chars().filter(c -> c == '*' || c == '?').count(), module);
  }

  /** Tells whether a driver of this name is one of VFIO's. */
  public static boolean isVfio(String driver) {
    return moduleName(driver).contains("vfio");
  }

  private static String moduleName(String driver) {
    return driver.replace('-', '_');
  }

  /**
   * Returns the variant driver that this kernel has for a device.
   *
   * @return the name of its module; empty if it has none but vfio-pci
   */
  public Optional<String> of(PciIds ids) {
    return aliases.stream().filter(alias -> alias.pattern.matcher(ids.modalias()).matches()).findFirst()
        .map(Alias::module).filter(module -> !module.equals(moduleName(VFIO_PCI)));
  }

  /** Returns the variant driver that migrates such devices in some kernel, as far as is known here. */
  private static Optional<KnownDriver> findByIds(PciIds ids) {
    String id = "%04x:%04x".formatted(ids.vendor(), ids.device());
    return KNOWN.stream().filter(known -> known.ids.contains(id)).findFirst();
  }

  private static Optional<KnownDriver> findByName(String driver) {
    return KNOWN.stream().filter(known -> known.module().equals(moduleName(driver))).findFirst();
  }

  /** Tells whether a driver is known to migrate nothing: vfio-pci itself, and some variants. */
  public static boolean neverMigrates(String driver) {
    return moduleName(driver).equals(moduleName(VFIO_PCI))
        || findByName(driver).filter(known -> !known.supportsMigration).isPresent();
  }

  /** Returns how to bind a PCI device to the VFIO driver that suits it best. */
  public String bindCommands(HostDevice device) {
    Optional<String> variant = device.ids().flatMap(this::of);
    String module = variant.orElse(moduleName(VFIO_PCI));
    String driver = variant.isEmpty() ? VFIO_PCI : findByName(module).map(KnownDriver::driver).orElse(module);
    String sys = "/sys/bus/pci/devices/" + device.name();
    return "modprobe %s; echo %s > %s/driver_override; %secho %s > /sys/bus/pci/drivers_probe".formatted(
        module, driver,
        sys, device.driver().isPresent() ? "echo %s > %s/driver/unbind; ".formatted(device.name(), sys) : "",
        device.name());
  }

  /**
   * Returns why a device has no migration, and what to do.
   *
   * @param device a device whose driver offers none, or that is bound to no driver of VFIO's
   */
  public String explainNoMigration(HostDevice device) {
    if (device.kind() != HostDevice.Kind.PCI) {
      return device.driver()
          .map(driver -> "its driver %s offers no migration; that takes another version of the driver"
              .formatted(driver))
          .orElse("no driver is bound to it");
    }
    PciIds ids = device.ids().orElseThrow();
    String driver = device.driver().orElse("");
    String bound = driver.isEmpty() ? "no driver is bound to it"
        : "bound to %s, which %s".formatted(driver,
            isVfio(driver) ? "has no migration" : "is no VFIO driver");
    Optional<String> variant = of(ids);
    if (variant.isPresent() && !variant.get().equals(moduleName(driver))) {
      return "%s; this device's variant driver is %s: %s".formatted(bound, variant.get(),
          bindCommands(device));
    }
    Optional<KnownDriver> elsewhere = findByIds(ids);
    if (elsewhere.isPresent() && !elsewhere.get().module().equals(moduleName(driver))) {
      return "%s; this device's variant driver is %s, which Linux %s brings with %s, and %s".formatted(bound,
          elsewhere.get().driver(), elsewhere.get().since(), elsewhere.get().option(),
          isComplete ? "this kernel lacks" : "the modules of this kernel cannot be read");
    }
    if (driver.isEmpty() || !isVfio(driver) || neverMigrates(driver)) {
      return "%s, and no variant driver is known that migrates %04x:%04x".formatted(bound, ids.vendor(),
          ids.device());
    }
    return ("its variant driver %s is bound, and offers no migration for it: its firmware or its PF may not, or Linux %s "
        + "is needed")
        .formatted(driver, findByName(driver).map(KnownDriver::since).orElse("of a later version"));
  }
}
