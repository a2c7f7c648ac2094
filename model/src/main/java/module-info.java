// SPDX-License-Identifier: Apache-2.0
/** Device states, features, arcs and paths of VFIO migration: the vocabulary that all other modules share. */
@SuppressWarnings("module") // Of those exported to, some are compiled later.
module io.vfio4j.model {
  requires static transitive org.jspecify;

  exports io.vfio4j.model;
  exports io.vfio4j.model.dma;
  exports io.vfio4j.model.info to
      io.vfio4j.cli,
      io.vfio4j.interop,
      io.vfio4j.linux,
      io.vfio4j.testkit,
      io.vfio4j.vfiouser;
  exports io.vfio4j.model.plan;
  exports io.vfio4j.model.region to
      io.vfio4j.conformance,
      io.vfio4j.engine,
      io.vfio4j.testkit,
      io.vfio4j.vfiouser;
  exports io.vfio4j.model.v1;
}
