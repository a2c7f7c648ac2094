// SPDX-License-Identifier: Apache-2.0
/** What a user's module says: the devices, and nothing that they are built with. */
module example {
  requires io.vfio4j.devices;
  requires io.vfio4j.engine;
}
