// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.preflight;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.transport.Connections;
import java.util.Optional;

/**
 * What all parts of one run share, on either side and for files. {@link #close} ends the device threads, then closes the
 * connection; it does not close the devices.
 *
 * @param deviceSet the devices and memory, as the caller passed them
 * @param group the same devices, each with its thread
 * @param connection the first connection: all control messages, and all data that has no connection to itself
 * @param extra supplies more connections; empty if everything uses the first one
 * @param options the options of the run
 * @param workload the workload; at a target, {@link Workload#NONE}
 * @param journal the journal, which records nothing unless the options contain one and the run begins it
 * @param tracker phases, notes and the clock
 */
public record MigrationContext(DeviceSet deviceSet, DeviceGroup group, StreamConnection connection,
    Optional<Connections.TransportSupplier> extra, MigrationOptions options, PausableWorkload workload,
    JournalWriter journal, PhaseTracker tracker) implements AutoCloseable {

  /** Opens the context of a run over the given connections, which it closes. */
  public static MigrationContext open(DeviceSet deviceSet, Connections connections, MigrationOptions options,
      Workload workload, PhaseTracker tracker) {
    StreamConnection connection =
        new StreamConnection(connections.control(), options.stallTimeout(), tracker);
    try {
      return new MigrationContext(deviceSet,
          new DeviceGroup(deviceSet.devices(), tracker, options.arcTimeout()), connection,
          connections.extra(), options, new PausableWorkload(workload),
          new JournalWriter(options.journal(), tracker), tracker);
    } catch (RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public void close() {
    try {
      group.close();
    } finally {
      connection.close();
    }
  }
}
