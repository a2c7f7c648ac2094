// SPDX-License-Identifier: Apache-2.0
/** The suite that checks the migration of any device, and its reports. */
module io.vfio4j.conformance {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.model;
  requires java.xml;

  exports io.vfio4j.conformance;
  exports io.vfio4j.conformance.observe;
  exports io.vfio4j.conformance.report;
  exports io.vfio4j.conformance.setup;
}
