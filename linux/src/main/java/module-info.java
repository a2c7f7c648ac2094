// SPDX-License-Identifier: Apache-2.0
/** Native calls: libc, VFIO structs, file descriptors, sockets that pass them; kernel devices. */
module io.vfio4j.linux {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.model;

  exports io.vfio4j.linux;
  exports io.vfio4j.linux.vfio;
}
