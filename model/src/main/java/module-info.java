// SPDX-License-Identifier: Apache-2.0
/** Device states, arcs, paths and plans; what a migratable device is. No I/O. */
module io.vfio4j.model {
  requires static org.jspecify;

  exports io.vfio4j.model;
}
