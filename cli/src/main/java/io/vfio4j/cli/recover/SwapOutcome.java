// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.recover.SwapJournal.Swapped;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.vfiouser.client.ControlInfo;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The outcome of a swap whose process ended after its target committed. The server that has the VMM's connection
 * owns the device: a target that had not reached RUNNING dropped it when the process ended.
 *
 * @param step what to record at the target
 * @param reason why, for output
 */
record SwapOutcome(JournalStep step, String reason) {

  /**
   * Asks both servers.
   *
   * @param target the open journal of the target
   * @param journals the journals of the same migration
   * @return empty if it was no swap, or the servers do not agree, which is reported
   */
  static Optional<SwapOutcome> find(JournaledMigration target, JournalIndex journals, Output output) {
    Optional<JournaledMigration> source = journals.findOpen(Side.SOURCE);
    Optional<Swapped> swapped = source.flatMap(journal -> SwapJournal.swapped(journal.contents()));
    if (source.isEmpty() || swapped.isEmpty()) {
      return Optional.empty();
    }
    try {
      return find(info(source.get(), output), info(target, output), swapped.get(), output);
    } catch (IOException e) {
      output.warning("the servers cannot be asked which of them has the VMM's connection: "
          + ErrorMessages.describe(e));
      return Optional.empty();
    }
  }

  private static Optional<SwapOutcome> find(ControlInfo source, ControlInfo target, Swapped swapped,
      Output output) {
    if (serves(target, swapped)) {
      return Optional
          .of(new SwapOutcome(JournalStep.RUNNING, "the target's server has the VMM's connection"));
    }
    if (target.server() != swapped.targetServer()) {
      output
          .warning("the target's server was restarted since the handover: it may have run the device before");
      return Optional.empty();
    }
    if (source.token() == swapped.token() && source.isSurrendered()) {
      return Optional.of(new SwapOutcome(JournalStep.RETURNED,
          "the source's server has the VMM's connection, and the target's does not"));
    }
    output.warning("neither server has the VMM's connection any more");
    return Optional.empty();
  }

  private static boolean serves(ControlInfo server, Swapped swapped) {
    return server.token() == swapped.token() && !server.isStaged();
  }

  /**
   * Returns the objection to an operator's decision about the target of a swap: the device runs where the VMM's
   * connection is served.
   *
   * @param runHere whether the device is to run at the target
   * @return empty also if it was no swap, or the target's server cannot be asked
   */
  static Optional<String> objection(JournaledMigration target, JournalIndex journals, boolean runHere,
      Output output) {
    Optional<Swapped> swapped = journals.findOpen(Side.SOURCE)
        .flatMap(journal -> SwapJournal.swapped(journal.contents()));
    if (target.header().side() != Side.TARGET || swapped.isEmpty()) {
      return Optional.empty();
    }
    boolean isServed;
    try {
      isServed = serves(info(target, output), swapped.get());
    } catch (IOException e) {
      return Optional.empty(); // The decision checks whether its server is gone.
    }
    String name = target.header().devices().getFirst();
    if (runHere == isServed) {
      return Optional.empty();
    }
    return Optional.of(isServed
        ? "%s serves the VMM, which would then be served by both: use --run-here".formatted(name)
        : "%s does not have the VMM's connection: with --abandon, the VMM continues at the source"
            .formatted(name));
  }

  private static ControlInfo info(JournaledMigration migration, Output output) throws IOException {
    List<String> names = migration.header().devices();
    try (OpenDevice device = DeviceAddress.parse(names.getFirst()).open(output::warning)) {
      return device.control()
          .orElseThrow(() -> new IOException(names.getFirst() + " is not a control socket")).info();
    }
  }
}
