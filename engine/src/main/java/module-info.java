// SPDX-License-Identifier: Apache-2.0
/** A migration: source and target, phases, stream, transports, journal, report. */
module io.vfio4j.engine {
  requires static org.jspecify;
  requires transitive io.vfio4j.model;

  exports io.vfio4j.engine;
}
