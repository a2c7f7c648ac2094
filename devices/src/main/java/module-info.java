// SPDX-License-Identifier: Apache-2.0
/** Emulated devices. */
module io.vfio4j.devices {
<<<<<<< HEAD
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.linux;
  requires transitive io.vfio4j.model;
  requires transitive io.vfio4j.vfiouser;
=======
  requires static org.jspecify;
  requires transitive io.vfio4j.model;
  requires io.vfio4j.linux;
  requires io.vfio4j.vfiouser;
>>>>>>> 7adec7d77b0e27dcb917cac8864603be989c56ae

  exports io.vfio4j.devices;
}
