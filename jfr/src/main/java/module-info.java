// SPDX-License-Identifier: Apache-2.0
/** The events of a migration as JDK Flight Recorder events. */
module io.vfio4j.jfr {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.engine;
  requires jdk.jfr;

  exports io.vfio4j.jfr;
}
