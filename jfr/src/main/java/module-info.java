// SPDX-License-Identifier: Apache-2.0
/** What happens in a migration, as events of the JDK Flight Recorder. */
module io.vfio4j.jfr {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.engine;
  requires jdk.jfr;

  exports io.vfio4j.jfr;
}
