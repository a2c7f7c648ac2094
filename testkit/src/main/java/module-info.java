// SPDX-License-Identifier: Apache-2.0
/** Simulated devices with faults to order, foreign vfio-user peers, a steerable clock: for tests here and elsewhere. */
module io.vfio4j.testkit {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.linux;
  requires transitive io.vfio4j.model;

  exports io.vfio4j.testkit;
  exports io.vfio4j.testkit.foreign;
  exports io.vfio4j.testkit.kernel;
}
