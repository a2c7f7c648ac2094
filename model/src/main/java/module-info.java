// SPDX-License-Identifier: Apache-2.0
<<<<<<< HEAD
/** Device states, features, arcs and paths of VFIO migration: the vocabulary that all other modules share. */
module io.vfio4j.model {
  requires static transitive org.jspecify;
=======
/** Device states, arcs, paths and plans; what a migratable device is. No I/O. */
module io.vfio4j.model {
  requires static org.jspecify;
>>>>>>> 7adec7d77b0e27dcb917cac8864603be989c56ae

  exports io.vfio4j.model;
}
