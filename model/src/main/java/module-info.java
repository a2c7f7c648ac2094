// SPDX-License-Identifier: Apache-2.0
/** Device states, features, arcs and paths of VFIO migration: the vocabulary of all other modules. */
module io.vfio4j.model {
  requires static transitive org.jspecify;

  exports io.vfio4j.model;
  exports io.vfio4j.model.dma;
  exports io.vfio4j.model.info;
  exports io.vfio4j.model.plan;
  exports io.vfio4j.model.region;
  exports io.vfio4j.model.v1;
}
