// SPDX-License-Identifier: Apache-2.0
/**
 * Simulated devices with fault injection, foreign vfio-user peers and a manual clock, for tests of this project and
 * of others.
 */
@SuppressWarnings("module") // The modules that it exports to are compiled later.
module io.vfio4j.testkit {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.linux;
  requires transitive io.vfio4j.model;

  exports io.vfio4j.testkit;
  exports io.vfio4j.testkit.arms to
      io.vfio4j.interop, io.vfio4j.vfiouser;
  exports io.vfio4j.testkit.foreign;
  exports io.vfio4j.testkit.kernel;
}
