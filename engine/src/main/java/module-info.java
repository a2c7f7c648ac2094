// SPDX-License-Identifier: Apache-2.0
/** A migration: its two sides, phases, stream format, transports, policy, events and report. */
module io.vfio4j.engine {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.model;
  requires jdk.net; // The credentials of the peer of a UNIX socket.

  exports io.vfio4j.engine;
  exports io.vfio4j.engine.codec;
  exports io.vfio4j.engine.file;
  exports io.vfio4j.engine.journal;
  exports io.vfio4j.engine.memory;
  exports io.vfio4j.engine.migration;
  exports io.vfio4j.engine.output;
  exports io.vfio4j.engine.policy;
  exports io.vfio4j.engine.simulation;
  exports io.vfio4j.engine.transport;
}
