// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a guest is made.
 *
 * @param flavour its kernel
 * @param memoryShared whether QEMU hands the guest's memory to servers, or keeps it to itself
 * @param iommu whether there is a virtual IOMMU
 * @param lifetime how long it may run; QEMU is ended then, whatever becomes of this process
 * @param devices arguments of QEMU that add devices
 */
public record GuestSettings(GuestKernel flavour, boolean memoryShared, boolean iommu, Duration lifetime,
    List<String> devices) {

  /** A plain guest with shared memory and no device. */
  public static final GuestSettings DEFAULT =
      new GuestSettings(GuestKernel.CLOUD, true, false, Duration.ofMinutes(10), List.of());

  private static final String ROOT_PORT = "rp0";

  /** Copies the list. */
  public GuestSettings {
    devices = List.copyOf(devices);
  }

  /** Returns these with another kernel. */
  public GuestSettings withFlavour(GuestKernel other) {
    return new GuestSettings(other, memoryShared, iommu, lifetime, devices);
  }

  /** Returns these with memory that QEMU keeps to itself. */
  public GuestSettings withPrivateMemory() {
    return new GuestSettings(flavour, false, iommu, lifetime, devices);
  }

  /** Returns these with a virtual IOMMU. */
  public GuestSettings withIommu() {
    return new GuestSettings(flavour, memoryShared, true, lifetime, devices);
  }

  /** Returns these with another lifetime. */
  public GuestSettings withLifetime(Duration other) {
    return new GuestSettings(flavour, memoryShared, iommu, other, devices);
  }

  /** Returns these with a served device behind a root port, at {@code 0000:01:00.0}: it can be reset with its bus. */
  public GuestSettings withDeviceBehindRootPort(Path socket) {
    JsonObject device = vfioUserDevice(socket);
    device.addProperty("bus", ROOT_PORT);
    return withQemuArgument("pcie-root-port,id=" + ROOT_PORT + ",chassis=1,addr=2")
        .withQemuArgument(device.toString());
  }

  /** Returns these with a served device on the root bus, at {@code 0000:00:SLOT.0}. */
  public GuestSettings withDevice(Path socket, int slot) {
    JsonObject device = vfioUserDevice(socket);
    device.addProperty("addr", Integer.toHexString(slot));
    return withQemuArgument(device.toString());
  }

  /** Returns these with a device of QEMU's own on the root bus, at {@code 0000:00:SLOT.0}. */
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
    return new GuestSettings(flavour, memoryShared, iommu, lifetime, more);
  }

  /**
   * Returns the machine.
   *
   * @param kernel the kernel's file
   * @param initramfs the guest's file system
   */
  QemuArguments qemuArguments(Path kernel, Path initramfs) {
    return new QemuArguments(lifetime, console -> arguments(kernel, initramfs, console));
  }

  /**
   * Returns what follows QEMU's name. Memory that is not shared is anonymous: of a memfd that is not, QEMU hands the
   * descriptor over all the same, and the server then sees another memory than the guest. The kernel does not test its
   * timer against loops that it counts, which fails where the machine is busy.
   */
  private List<String> arguments(Path kernel, Path initramfs, Path console) {
    List<String> arguments = new ArrayList<>(List.of("-accel", "tcg", "-machine",
        "q35,memory-backend=mem0" + (iommu ? ",kernel-irqchip=off" : ""), "-object",
        memoryShared ? "memory-backend-memfd,id=mem0,size=512M,share=on"
            : "memory-backend-ram,id=mem0,size=512M",
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
