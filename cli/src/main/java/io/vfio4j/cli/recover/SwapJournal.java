// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalRecord;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The journal of a swap. The source's record GIVEN names the VMM's connection and the target's server, so that the
 * servers can be asked which of them has the connection.
 *
 * @param journal the journal written to
 * @param swapped what the record names
 */
public record SwapJournal(Journal journal, Swapped swapped) implements Journal {

  private static final Pattern SWAPPED =
      Pattern.compile(".*; connection ([0-9a-f]{16}), to server ([0-9a-f]{16})", Pattern.DOTALL);

  /**
   * What is swapped.
   *
   * @param token the connection's token, which both servers report
   * @param targetServer identifies the run of the target's server: one that was restarted has another
   */
  public record Swapped(long token, long targetServer) {
  }

  @Override
  public Entries begin(Header header) throws JournalException {
    Entries entries = journal.begin(header);
    return header.side() == Side.SOURCE
        ? (step, reason) -> entries.add(step, step == JournalStep.GIVEN
            ? "%s; connection %016x, to server %016x".formatted(reason, swapped.token(),
                swapped.targetServer())
            : reason)
        : entries;
  }

  /** Returns what the journal of a source names; empty if it was no swap, or did not come to the handover. */
  static Optional<Swapped> swapped(JournalContents source) {
    for (JournalRecord record : source.records()) {
      Matcher matcher = SWAPPED.matcher(record.reason());
      if (record.step() == JournalStep.GIVEN && matcher.matches()) {
        return Optional.of(new Swapped(Long.parseUnsignedLong(matcher.group(1), 16),
            Long.parseUnsignedLong(matcher.group(2), 16)));
      }
    }
    return Optional.empty();
  }
}
