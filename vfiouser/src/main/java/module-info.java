// SPDX-License-Identifier: Apache-2.0
/** The vfio-user protocol: messages, server, client. */
module io.vfio4j.vfiouser {
  requires static org.jspecify;
  requires transitive io.vfio4j.model;
  requires io.vfio4j.linux;
  requires com.google.gson;

  exports io.vfio4j.vfiouser;
}
