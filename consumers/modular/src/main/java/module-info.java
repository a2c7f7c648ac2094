// SPDX-License-Identifier: Apache-2.0
/** The module of a user's program: it requires the devices only, not what they are built with. */
module example {
  requires io.vfio4j.devices;
  requires io.vfio4j.engine;
}
