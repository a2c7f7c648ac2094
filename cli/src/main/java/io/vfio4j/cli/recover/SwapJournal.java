// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalRecord;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The journal of a swap. The source's record GIVEN names the VMM's connection, so that the servers can be asked
 * which of them has it.
 *
 * @param journal the journal written to
 * @param token the connection's token, which both servers report
 */
public record SwapJournal(Journal journal, long token) implements Journal {

  private static final String CONNECTION = "; connection ";
  private static final Pattern TOKEN = Pattern.compile(".*" + CONNECTION + "([0-9a-f]{16})", Pattern.DOTALL);

  @Override
  public Entries begin(Header header) throws JournalException {
    Entries entries = journal.begin(header);
    return header.side() == Side.SOURCE
        ? (step, reason) -> entries.add(step, step == JournalStep.GIVEN
            ? "%s%s%016x".formatted(reason, CONNECTION, token)
            : reason)
        : entries;
  }

  /** Returns the token in the journal of a source; empty if it was no swap, or did not come to the handover. */
  static OptionalLong token(JournalContents source) {
    for (JournalRecord record : source.records()) {
      Matcher matcher = TOKEN.matcher(record.reason());
      if (record.step() == JournalStep.GIVEN && matcher.matches()) {
        return OptionalLong.of(Long.parseUnsignedLong(matcher.group(1), 16));
      }
    }
    return OptionalLong.empty();
  }
}
