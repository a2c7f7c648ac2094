// SPDX-License-Identifier: Apache-2.0
/** The vfio-user protocol: a server for emulated devices, and a client that is a migratable device. */
module io.vfio4j.vfiouser {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.linux;
  requires transitive io.vfio4j.model;
  requires com.google.gson;

  exports io.vfio4j.vfiouser;
  exports io.vfio4j.vfiouser.client;
  exports io.vfio4j.vfiouser.device;
  exports io.vfio4j.vfiouser.log;
  exports io.vfio4j.vfiouser.quirk;
  exports io.vfio4j.vfiouser.recording;
  exports io.vfio4j.vfiouser.server;
}
