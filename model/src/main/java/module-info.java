// SPDX-License-Identifier: Apache-2.0
/** Device states, features, arcs and paths of VFIO migration: the vocabulary that all other modules share. */
module io.vfio4j.model {
  requires static transitive org.jspecify;

  exports io.vfio4j.model;
}
