// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.vfiouser.client.ControlInfo;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

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
    OptionalLong token =
        source.map(journal -> SwapJournal.token(journal.contents())).orElse(OptionalLong.empty());
    if (source.isEmpty() || token.isEmpty()) {
      return Optional.empty();
    }
    try {
      return find(info(source.get(), output), info(target, output), token.getAsLong(), output);
    } catch (IOException e) {
      output.warning("the servers cannot be asked which of them has the VMM's connection: "
          + ErrorMessages.describe(e));
      return Optional.empty();
    }
  }

  private static Optional<SwapOutcome> find(ControlInfo source, ControlInfo target, long token,
      Output output) {
    if (target.token() == token && !target.isStaged()) {
      return Optional
          .of(new SwapOutcome(JournalStep.RUNNING, "the target's server has the VMM's connection"));
    }
    if (source.token() == token && source.isSurrendered() && target.token() != token) {
      return Optional.of(new SwapOutcome(JournalStep.RETURNED,
          "the source's server has the VMM's connection, and the target's does not"));
    }
    output.warning("neither server has the VMM's connection any more");
    return Optional.empty();
  }

  private static ControlInfo info(JournaledMigration migration, Output output) throws IOException {
    List<String> names = migration.header().devices();
    try (OpenDevice device = DeviceAddress.parse(names.getFirst()).open(output::warning)) {
      return device.control()
          .orElseThrow(() -> new IOException(names.getFirst() + " is not a control socket")).info();
    }
  }
}
