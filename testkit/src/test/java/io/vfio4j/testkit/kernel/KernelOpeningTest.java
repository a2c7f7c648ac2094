// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.HostDevice.Neighbour;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.linux.vfio.PciIds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Opening a kernel device, and the messages when that fails; after a failure nothing stays open. */
class KernelOpeningTest {

  private static DeviceException failure(ScriptedHost host, HostDevice hostDevice, KernelInterface by) {
    var thrown = catchThrowableOfType(DeviceException.class,
        () -> KernelDevice.open(hostDevice, host.options().withInterface(by)).close());
    assertThat(host.kernel().openFiles()).isEmpty();
    return thrown;
  }

  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void reportsDeviceInfo(KernelInterface by) throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(by)) {
      assertThat(device.identity()).isEqualTo(new DeviceIdentity("kernel:" + ScriptedHost.NAME,
          host.simulated().identity().vendorId(), host.simulated().identity().deviceId(),
          host.simulated().identity().subsystemVendorId(), host.simulated().identity().subsystemId(),
          host.simulated().identity().classCode(), "mtty"));
      assertThat(device.kernelInterface()).isEqualTo(by);
      assertThat(device.features()).isEqualTo(host.simulated().features());
      assertThat(device.stopCopyLength()).isEqualTo(host.simulated().stopCopyLength());
      assertThat(device.regionCount()).isEqualTo(9);
      assertThat(device.irqCount()).isEqualTo(5);
      assertThat(host.kernel().openFiles()).isEqualTo(
          by == KernelInterface.GROUP ? List.of("container", "device", "group")
              : List.of("device", "iommufd"));
    }
    assertThat(host.kernel().openFiles()).isEmpty();
    assertThat(host.simulated().resetCount()).isZero();
  }

  @Test
  void opensByAvailableInterface() throws Exception {
    ScriptedHost both = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = KernelDevice.open(ScriptedHost.HOST, both.options())) {
      assertThat(device.kernelInterface()).isEqualTo(KernelInterface.CDEV);
    }
    ScriptedHost old = ScriptedHost.with(ScriptedHost.SETTINGS, KernelProfile.LINUX_6_12.withoutIommufd());
    try (KernelDevice device = KernelDevice.open(ScriptedHost.HOST, old.options())) {
      assertThat(device.kernelInterface()).isEqualTo(KernelInterface.GROUP);
    }
    ScriptedHost forOthers = ScriptedHost.with(ScriptedHost.SETTINGS);
    forOthers.kernel().failOpen("/dev/vfio/devices/vfio0", Errno.EACCES);
    try (KernelDevice device = KernelDevice.open(ScriptedHost.HOST, forOthers.options())) {
      assertThat(device.kernelInterface()).isEqualTo(KernelInterface.GROUP);
    }
    forOthers.kernel().failOpen("/dev/vfio/0", Errno.EACCES);
    var thrown = catchThrowableOfType(DeviceException.class,
        () -> KernelDevice.open(ScriptedHost.HOST, forOthers.options()).close());
    assertThat(thrown).hasMessageContaining("/dev/vfio/0: EACCES");
    assertThat(thrown.getSuppressed()[0]).hasMessageContaining("/dev/vfio/devices/vfio0: EACCES");
  }

  static Stream<Arguments> openFailures() {
    return Stream.of(
        Arguments.of(KernelInterface.GROUP, "/dev/vfio/vfio", Errno.ENOENT,
            "VFIO is not loaded: modprobe vfio-pci"),
        Arguments.of(KernelInterface.GROUP, "/dev/vfio/vfio", Errno.EACCES,
            "run as root, or grant your user access to the file"),
        Arguments.of(KernelInterface.GROUP, "/dev/vfio/0", Errno.EPERM, "run as root"),
        Arguments.of(KernelInterface.GROUP, "/dev/vfio/0", Errno.EBUSY, "another program has it open"),
        Arguments.of(KernelInterface.GROUP, "/dev/vfio/0", Errno.ENOENT,
            "its driver mtty does not support this interface"),
        Arguments.of(KernelInterface.CDEV, "/dev/iommu", Errno.ENOENT, "modprobe iommufd"),
        Arguments.of(KernelInterface.CDEV, "/dev/vfio/devices/vfio0", Errno.EMFILE,
            "EMFILE (too many open files"));
  }

  @ParameterizedTest
  @MethodSource("openFailures")
  void reportsFileThatDoesNotOpen(KernelInterface by, String path, Errno errno, String message) {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    host.kernel().failOpen(path, errno);

    DeviceException thrown = failure(host, ScriptedHost.HOST, by);
    assertThat(thrown.errno()).isEqualTo(errno);
    assertThat(thrown)
        .hasMessageStartingWith("kernel:" + ScriptedHost.NAME + ": " + path + ": " + errno.name())
        .hasMessageContaining(message);
  }

  static Stream<Arguments> stepFailures() {
    return Stream.of(
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.GROUP_GET_STATUS, Errno.EIO,
            "query the status of the group"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.GROUP_SET_CONTAINER, Errno.EBUSY,
            "another program has the group"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.SET_IOMMU, Errno.EPERM, "allow_unsafe_interrupts=1"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.SET_IOMMU, Errno.ENODEV,
            "modprobe vfio_iommu_type1"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.GROUP_GET_DEVICE_FD, Errno.ENODEV,
            "its driver mtty does not support this interface"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.GROUP_GET_DEVICE_FD, Errno.EINVAL,
            "not in a container"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.DEVICE_GET_INFO, Errno.EIO, "query the device"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.DEVICE_GET_REGION_INFO, Errno.EIO,
            "query region 7"),
        Arguments.of(KernelInterface.GROUP, IoctlNumbers.DEVICE_FEATURE, Errno.EIO,
            "read the migration features"),
        Arguments.of(KernelInterface.CDEV, IoctlNumbers.DEVICE_BIND_IOMMUFD, Errno.EBUSY,
            "another program has bound it"),
        Arguments.of(KernelInterface.CDEV, IoctlNumbers.IOAS_ALLOC, Errno.ENOMEM,
            "allocate an address space"),
        Arguments.of(KernelInterface.CDEV, IoctlNumbers.DEVICE_ATTACH_IOMMUFD_PT, Errno.EINVAL,
            "attach the device to the address space"),
        Arguments.of(KernelInterface.CDEV, IoctlNumbers.DEVICE_GET_INFO, Errno.EIO, "query the device"));
  }

  @ParameterizedTest
  @MethodSource("stepFailures")
  void reportsFailedStep(KernelInterface by, int request, Errno errno, String message) {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    host.kernel().fail(request, errno, 1);

    DeviceException thrown = failure(host, ScriptedHost.HOST, by);
    assertThat(thrown.errno()).isEqualTo(errno);
    assertThat(thrown).hasMessageStartingWith("kernel:" + ScriptedHost.NAME).hasMessageContaining(message);
  }

  @Test
  void reportsGroupInUse() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice first = host.open(KernelInterface.GROUP)) {
      assertThat(first.state()).isEqualTo(DeviceState.RUNNING);
      var thrown =
          catchThrowableOfType(DeviceException.class, () -> host.open(KernelInterface.GROUP).close());
      assertThat(thrown.errno()).isEqualTo(Errno.EBUSY);
      assertThat(host.kernel().openFiles()).containsExactly("container", "device", "group");
    }
  }

  @Test
  void reportsNonViableGroup() {
    HostDevice hostDevice =
        new HostDevice(ScriptedHost.NAME, HostDevice.Kind.MEDIATED, Optional.empty(), Optional.of("mtty"),
            OptionalInt.of(0), Optional.empty(), List.of(new Neighbour("0000:3b:00.1", Optional.of("nvme"))));
    ScriptedHost host =
        ScriptedHost.with(ScriptedHost.SETTINGS, KernelProfile.LINUX_6_12.withoutViableGroup());

    assertThat(failure(host, hostDevice, KernelInterface.GROUP)).hasMessageContaining("0000:3b:00.1 (nvme)")
        .hasMessageContaining("group 0 is not viable");
  }

  @Test
  void reportsDeviceWithoutFiles() {
    HostDevice hostDevice =
        new HostDevice(ScriptedHost.NAME, HostDevice.Kind.MEDIATED, Optional.empty(), Optional.empty(),
            OptionalInt.empty(), Optional.empty(), List.of());
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);

    assertThat(failure(host, hostDevice, KernelInterface.GROUP))
        .hasMessageContaining("it has no IOMMU group");
    assertThat(failure(host, hostDevice, KernelInterface.CDEV))
        .hasMessageContaining("no driver is bound to it");
  }

  @Test
  void reportsDeviceOfOtherDriver() {
    HostDevice hostDevice = new HostDevice("0000:3b:00.1", HostDevice.Kind.PCI,
        Optional.of(new PciIds(0x144d, 0xa808, 0x144d, 1, 0x010802)), Optional.of("nvme"), OptionalInt.of(1),
        Optional.empty(), List.of());

    assertThat(failure(ScriptedHost.with(ScriptedHost.SETTINGS), hostDevice, KernelInterface.GROUP))
        .hasMessageStartingWith(
            "kernel:0000:3b:00.1: /dev/vfio/1: ENOENT (no such file or directory); it is bound to nvme, which is "
                + "not a VFIO driver; bind its VFIO driver: modprobe vfio_pci; echo vfio-pci > ");
  }

  /** The device may be in any state that its last user left, so a probe resets it. */
  @Test
  void resetsProbedDeviceFirst() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    host.simulated().moveTo(DeviceState.STOP_COPY);
    try (KernelProbe probe = KernelProbe.open(ScriptedHost.HOST, host.options())) {
      assertThat(probe.device().state()).isEqualTo(DeviceState.RUNNING);
      probe.device().moveTo(DeviceState.STOP);
      probe.reopen();
      assertThat(probe.device().state()).isEqualTo(DeviceState.STOP);
    }
    assertThat(host.simulated().resetCount()).isOne();
    assertThat(host.kernel().openFiles()).isEmpty();
  }

  @Test
  void refusesToProbeWithoutReset() {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    host.kernel().fail(IoctlNumbers.DEVICE_RESET, Errno.EIO, 1);

    var thrown = catchThrowableOfType(DeviceException.class,
        () -> KernelProbe.open(ScriptedHost.HOST, host.options()).close());
    assertThat(thrown).hasMessageContaining("reset: EIO");
    assertThat(host.kernel().openFiles()).isEmpty();
  }
}
