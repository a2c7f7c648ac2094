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
 * Finds the VFIO driver that suits a PCI device. The kernel's modules declare it in {@code modules.alias}: a
 * line {@code alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci} for each kind of device that a
 * variant driver can migrate, and one that matches all devices for the plain vfio-pci. In addition, a table
 * lists the kernels that introduced each driver.
 */
public final class VariantDrivers {

  /** The driver that assigns any PCI device, without migration. */
  public static final String VFIO_PCI = "vfio-pci";

  private static final String ALIAS = "alias vfio_pci:";

  /**
   * A variant driver of the kernel.
   *
   * @param driver its name as that of a device's driver
   * @param supportsMigration whether it can migrate devices
   * @param since the kernel that introduced its migration support
   * @param ids the devices that it drives, vendor and device as in {@code 15b3:101e}
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
   * An alias of a module.
   *
   * @param pattern matches {@link PciIds#modalias}
   * @param wildcards the number of wildcards; the fewer, the more specific
   * @param module the module
   */
  private record Alias(Pattern pattern, long wildcards, String module) {
  }

  private final List<Alias> aliases;
  private final boolean isComplete;

  private VariantDrivers(List<Alias> aliases, boolean isComplete) {
    this.aliases = aliases;
    this.isComplete = isComplete;
  }

  /** Reads the drivers of the running kernel. */
  public static VariantDrivers system() {
    try {
      String release = Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
      return read(Path.of("/lib/modules", release, "modules.alias"));
    } catch (IOException e) {
      return new VariantDrivers(List.of(), false);
    }
  }

  /**
   * Reads the drivers of a kernel.
   *
   * @param modulesAlias its file of that name; if it is missing, the kernel's drivers are unknown
   */
  public static VariantDrivers read(Path modulesAlias) {
    List<Alias> aliases = new ArrayList<>();
    try {
      // Names of out-of-tree modules may contain any bytes.
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

  /** Returns whether a driver of this name is a VFIO driver. */
  public static boolean isVfio(String driver) {
    return moduleName(driver).contains("vfio");
  }

  private static String moduleName(String driver) {
    return driver.replace('-', '_');
  }

  /**
   * Returns the variant driver that this kernel has for a device.
   *
   * @return the name of its module; empty if it has only vfio-pci
   */
  public Optional<String> of(PciIds ids) {
    return aliases.stream().filter(alias -> alias.pattern.matcher(ids.modalias()).matches()).findFirst()
        .map(Alias::module).filter(module -> !module.equals(moduleName(VFIO_PCI)));
  }

  /**
   * Returns the variant driver that migrates such devices in a later kernel, as far as the table lists it.
   */
  private static Optional<KnownDriver> findByIds(PciIds ids) {
    String id = "%04x:%04x".formatted(ids.vendor(), ids.device());
    return KNOWN.stream().filter(known -> known.ids.contains(id)).findFirst();
  }

  private static Optional<KnownDriver> findByName(String driver) {
    return KNOWN.stream().filter(known -> known.module().equals(moduleName(driver))).findFirst();
  }

  /** Returns whether a driver is known not to support migration: vfio-pci itself, and some variants. */
  public static boolean neverMigrates(String driver) {
    return moduleName(driver).equals(moduleName(VFIO_PCI))
        || findByName(driver).filter(known -> !known.supportsMigration).isPresent();
  }

  /** Returns the commands that bind a PCI device to the VFIO driver that suits it best. */
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
   * Returns the reason why a device does not support migration, and the remedy.
   *
   * @param device a device whose driver does not support migration, or that is not bound to a VFIO driver
   */
  public String explainNoMigration(HostDevice device) {
    if (device.kind() != HostDevice.Kind.PCI) {
      return device.driver()
          .map(driver -> "its driver %s does not support migration; another version of the driver may"
              .formatted(driver))
          .orElse("no driver is bound to it");
    }
    PciIds ids = device.ids().orElseThrow();
    String driver = device.driver().orElse("");
    String bound = driver.isEmpty() ? "no driver is bound to it"
        : "bound to %s, which %s".formatted(driver,
            isVfio(driver) ? "does not support migration" : "is not a VFIO driver");
    Optional<String> variant = of(ids);
    if (variant.isPresent() && !variant.get().equals(moduleName(driver))) {
      return "%s; this device's variant driver is %s: %s".formatted(bound, variant.get(),
          bindCommands(device));
    }
    Optional<KnownDriver> known = findByIds(ids);
    if (known.isPresent() && !known.get().module().equals(moduleName(driver))) {
      return "%s; this device's variant driver is %s, which is in Linux %s and later with %s; %s".formatted(
          bound,
          known.get().driver(), known.get().since(), known.get().option(),
          isComplete ? "this kernel does not have it" : "the modules of this kernel cannot be read");
    }
    if (driver.isEmpty() || !isVfio(driver) || neverMigrates(driver)) {
      return "%s, and no variant driver is known that migrates %04x:%04x".formatted(bound, ids.vendor(),
          ids.device());
    }
    return ("it is bound to its variant driver %s, which does not support its migration: its firmware or its PF may not, or "
        + "it needs Linux %s")
        .formatted(driver, findByName(driver).map(KnownDriver::since).orElse("of a later version"));
  }
}
