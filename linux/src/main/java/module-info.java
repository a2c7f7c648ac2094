// SPDX-License-Identifier: Apache-2.0
/**
 * System calls through libc: file descriptors, mappings, sockets that pass descriptors; VFIO devices of the
 * kernel.
 */
@SuppressWarnings("module") // The modules that it exports to are compiled later.
module io.vfio4j.linux {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.model;

  exports io.vfio4j.linux;
  exports io.vfio4j.linux.modules to
      io.vfio4j.cli;
  exports io.vfio4j.linux.vfio;
}
