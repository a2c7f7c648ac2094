// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a guest.
 *
 * @param flavour its kernel
 * @param memoryShared whether QEMU shares the guest's memory with servers
 * @param memoryFile the file of shared memory, which another QEMU can open too; if empty, QEMU creates a memfd
 * @param iommu whether the guest has a virtual IOMMU
 * @param lifetime maximum run time, after which QEMU is killed, even if this process has ended
 * @param devices QEMU arguments that add devices
 */
public record GuestSettings(GuestKernel flavour, boolean memoryShared, Optional<Path> memoryFile,
    boolean iommu, Duration lifetime, List<String> devices) {

  /** A guest with shared memory and no devices. */
  public static final GuestSettings DEFAULT =
      new GuestSettings(GuestKernel.CLOUD, true, Optional.empty(), false, Duration.ofMinutes(10), List.of());

  private static final String ROOT_PORT = "rp0";

  /** Copies the list. */
  public GuestSettings {
    devices = List.copyOf(devices);
  }

  /** Returns these settings with another kernel. */
  public GuestSettings withFlavour(GuestKernel other) {
    return new GuestSettings(other, memoryShared, memoryFile, iommu, lifetime, devices);
  }

  /** Returns these settings with memory that is not shared. */
  public GuestSettings withPrivateMemory() {
    return new GuestSettings(flavour, false, Optional.empty(), iommu, lifetime, devices);
  }

  /** Returns these settings with shared memory in a file, which QEMU creates if it is missing. */
  public GuestSettings withMemoryFile(Path file) {
    return new GuestSettings(flavour, true, Optional.of(file), iommu, lifetime, devices);
  }

  /** Returns these settings with a virtual IOMMU. */
  public GuestSettings withIommu() {
    return new GuestSettings(flavour, memoryShared, memoryFile, true, lifetime, devices);
  }

  /** Returns these settings with another lifetime. */
  public GuestSettings withLifetime(Duration other) {
    return new GuestSettings(flavour, memoryShared, memoryFile, iommu, other, devices);
  }

  /**
   * Returns these settings with a served device behind a root port, at {@code 0000:01:00.0}, which permits a bus
   * reset.
   */
  public GuestSettings withDeviceBehindRootPort(Path socket) {
    JsonObject device = vfioUserDevice(socket);
    device.addProperty("bus", ROOT_PORT);
    return withQemuArgument("pcie-root-port,id=" + ROOT_PORT + ",chassis=1,addr=2")
        .withQemuArgument(device.toString());
  }

  /** Returns these settings with a served device on the root bus, at {@code 0000:00:SLOT.0}. */
  public GuestSettings withDevice(Path socket, int slot) {
    JsonObject device = vfioUserDevice(socket);
    device.addProperty("addr", Integer.toHexString(slot));
    return withQemuArgument(device.toString());
  }

  /** Returns these settings with a QEMU device on the root bus, at {@code 0000:00:SLOT.0}. */
  public GuestSettings withQemuDevice(String model, int slot) {
    return withQemuArgument(model + ",addr=" + Integer.toHexString(slot));
  }

  private static JsonObject vfioUserDevice(Path socket) {
    JsonObject address = new JsonObject();
    address.addProperty("type", "unix");
    address.addProperty("path", socket.toString());
    JsonObject device = new JsonObject();
    device.addProperty("driver", "vfio-user-pci");
    device.add("socket", address);
    return device;
  }

  private GuestSettings withQemuArgument(String device) {
    List<String> more = new ArrayList<>(devices);
    more.add("-device");
    more.add(device);
    return new GuestSettings(flavour, memoryShared, memoryFile, iommu, lifetime, more);
  }

  /**
   * Returns the arguments of QEMU.
   *
   * @param kernel the file of the kernel
   * @param initramfs the guest's file system
   */
  QemuArguments qemuArguments(Path kernel, Path initramfs) {
    return new QemuArguments(lifetime, console -> arguments(kernel, initramfs, console));
  }

  /**
   * Returns the memory's backend. Memory that is not shared is anonymous, because QEMU also passes on the descriptor
   * of a private memfd, through which the server sees other memory than the guest.
   */
  private String memoryBackend() {
    if (!memoryShared) {
      return "memory-backend-ram";
    }
    return memoryFile.map(file -> "memory-backend-file,mem-path=" + file).orElse("memory-backend-memfd")
        + ",share=on";
  }

  /**
   * Returns the arguments that follow QEMU's name. The kernel's timer check is disabled, because it fails on a busy
   * machine.
   */
  private List<String> arguments(Path kernel, Path initramfs, Path console) {
    List<String> arguments = new ArrayList<>(List.of("-accel", "tcg", "-machine",
        "q35,memory-backend=mem0" + (iommu ? ",kernel-irqchip=off" : ""), "-object",
        memoryBackend() + ",id=mem0,size=512M",
        "-m", "512M", "-smp", "1",
        "-nodefaults", "-display", "none", "-vga", "none", "-serial", "file:" + console, "-serial", "stdio",
        "-kernel", kernel.toString(), "-initrd", initramfs.toString(), "-append",
        "console=ttyS0 no_timer_check" + (iommu ? " intel_iommu=on" : "")));
    if (iommu) {
      arguments.addAll(List.of("-device", "intel-iommu,caching-mode=on"));
    }
    arguments.addAll(devices);
    return arguments;
  }
}
