// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeviceAddressTest {

  @Test
  void parsesVfioUserAddress() {
    DeviceAddress address = DeviceAddress.parse("vfio-user:/run/x:y.sock");

    assertThat(address).isEqualTo(new DeviceAddress.VfioUser(Path.of("/run/x:y.sock"), Duration.ZERO))
        .hasToString("vfio-user:/run/x:y.sock");
  }

  @Test
  void parsesBusyPollOption() {
    assertThat(DeviceAddress.parse("vfio-user:/run/x?y?busy-poll=50us"))
        .isEqualTo(new DeviceAddress.VfioUser(Path.of("/run/x?y"), Duration.ofNanos(50_000)))
        .hasToString("vfio-user:/run/x?y");
  }

  @Test
  void parsesSimulatedDeviceSettings() {
    DeviceAddress address = DeviceAddress.parse(
        "sim:a?memory=8m&features=stop_copy,p2p&load=/etc/a%26b+c&fault=slow=10m&fault=traffic=skip&mappable&migration=both");

    assertThat(address).isEqualTo(new DeviceAddress.Sim(ScratchConfig.named("sim:a").withMemorySize(8 << 20)
        .withFeatures(MigrationFeatures.of(MigrationFeature.P2P)).withContent(Path.of("/etc/a&b+c"))
        .withFault(Fault.parse("slow=10m")).withFault(Fault.parse("traffic=skip")).withMappable(true),
        MigrationVersions.BOTH))
        .hasToString("sim:a");
  }

  @Test
  void parsesDefaultSimulatedDevice() {
    assertThat(DeviceAddress.parse("sim:b"))
        .isEqualTo(new DeviceAddress.Sim(ScratchConfig.named("sim:b"), MigrationVersions.V2));
  }

  @Test
  void parsesKernelAddress() {
    String uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    assertThat(DeviceAddress.parse("kernel:0000:3b:00.2"))
        .isEqualTo(new DeviceAddress.Kernel("0000:3b:00.2", Optional.empty()))
        .hasToString("kernel:0000:3b:00.2");
    assertThat(DeviceAddress.parse("kernel:" + uuid + "?interface=group"))
        .isEqualTo(new DeviceAddress.Kernel(uuid, Optional.of(KernelInterface.GROUP)))
        .hasToString("kernel:" + uuid);
    assertThat(DeviceAddress.parse("kernel:/dev/vfio/devices/vfio0?interface=cdev"))
        .isEqualTo(new DeviceAddress.Kernel("/dev/vfio/devices/vfio0", Optional.of(KernelInterface.CDEV)));
    assertThat(DeviceAddress.parse("kernel:/dev/vfio/12"))
        .isEqualTo(new DeviceAddress.Kernel("/dev/vfio/12", Optional.empty()));
  }
}
