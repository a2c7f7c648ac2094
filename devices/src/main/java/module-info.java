// SPDX-License-Identifier: Apache-2.0
/** Emulated devices. */
module io.vfio4j.devices {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.linux;
  requires transitive io.vfio4j.model;
  requires transitive io.vfio4j.vfiouser;

  exports io.vfio4j.devices;
  exports io.vfio4j.devices.idio16;
  exports io.vfio4j.devices.scratch;

  // The devices that `vfio4j serve NAME` finds.
  provides io.vfio4j.devices.DeviceProvider
      with io.vfio4j.devices.scratch.ScratchDevice,
          io.vfio4j.devices.idio16.Idio16Device;
}
