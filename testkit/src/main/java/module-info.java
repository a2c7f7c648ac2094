// SPDX-License-Identifier: Apache-2.0
/** Simulated devices, a scripted kernel and a steerable clock, for tests here and elsewhere. */
module io.vfio4j.testkit {
  requires static org.jspecify;
  requires transitive io.vfio4j.model;
  requires io.vfio4j.linux;

  exports io.vfio4j.testkit;
}
