// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelOptions;
import io.vfio4j.model.DeviceException;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A scripted kernel and its device, which opens by either interface. */
record ScriptedHost(SimulatedDevice simulated, ScriptedKernel kernel) {

  static final String NAME = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

  static final HostDevice HOST =
      new HostDevice(NAME, HostDevice.Kind.MEDIATED, Optional.empty(), Optional.of("mtty"),
          OptionalInt.of(ScriptedKernel.GROUP), Optional.of(ScriptedKernel.CDEV), List.of());

  static final SimulatedSettings SETTINGS =
      SimulatedSettings.named(NAME).withContent(4, 7).withChanges(0, 1000);

  static ScriptedHost with(SimulatedSettings settings, KernelProfile profile) {
    SimulatedDevice inside = settings.device();
    return new ScriptedHost(inside, new ScriptedKernel(inside, profile));
  }

  static ScriptedHost with(SimulatedSettings settings) {
    return with(settings, KernelProfile.LINUX_6_12);
  }

  KernelOptions options() {
    return KernelOptions.DEFAULT.withCalls(kernel);
  }

  KernelDevice open(KernelInterface by) throws DeviceException {
    return KernelDevice.open(HOST, options().withInterface(by));
  }
}
