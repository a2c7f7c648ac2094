// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pruning removes only old journals whose last record has no successor. */
class StateDirectoryPruneTest {

  /** Not a process: the maximum on Linux is 4,194,303. */
  private static final OwnerProcess GONE = new OwnerProcess(1L << 40, Optional.empty());

  private final Instant now = Instant.now();
  private final Instant before = now.minus(Duration.ofDays(90));
  private final Instant old = before.minus(Duration.ofMinutes(1));

  @TempDir
  private Path folder;

  private StateDirectory state;

  @BeforeEach
  void open() throws JournalException {
    state = StateDirectory.open(folder);
  }

  /** Writes a journal with the given steps. */
  private JournalFile journal(Side side, OwnerProcess holder, Instant at, List<JournalStep> steps)
      throws IOException {
    MigrationId migration = MigrationId.random();
    Journal.Header heading = new Journal.Header(migration, side, List.of("vfio-user:/run/a.sock"), "tcp:b:1");
    Path file = folder.resolve("%s-%s.journal".formatted(migration, side));
    List<ByteBuffer> records = new ArrayList<>();
    records.add(
        JournalFormat.firstRecord(heading, holder, new JournalRecord(JournalStep.PREPARED, at, "begun")));
    steps.forEach(step -> records.add(JournalFormat.nextRecord(new JournalRecord(step, at, "because"))));
    try (var out = Files.newByteChannel(file, StandardOpenOption.CREATE_NEW,
        StandardOpenOption.WRITE)) {
      for (ByteBuffer record : records) {
        out.write(record);
      }
    }
    Files.setLastModifiedTime(file, FileTime.from(at));
    return state.find(migration, side).orElseThrow();
  }

  /** All sequences of steps, on both sides, old and young: only old and settled ones are removed. */
  @Test
  void removesOnlyOldSettledJournals() throws IOException {
    List<Path> toGo = new ArrayList<>();
    List<Path> toStay = new ArrayList<>();
    for (Side side : Side.values()) {
      for (List<JournalStep> steps : stepSequences(side, JournalStep.PREPARED, List.of())) {
        JournalFile aged = journal(side, GONE, old, steps);
        toStay.add(journal(side, GONE, now, steps).path());
        toStay.add(journal(side, OwnerProcess.current(), old, steps).path());
        boolean settled = aged.read().orElseThrow().isSettled();
        (settled ? toGo : toStay).add(aged.path());
      }
    }

    assertThat(state.prune(before)).containsExactlyInAnyOrderElementsOf(toGo).hasSizeGreaterThan(6);

    assertThat(toGo).noneMatch(Files::exists);
    assertThat(state.all()).extracting(JournalFile::path).containsExactlyInAnyOrderElementsOf(toStay);
    assertThat(state.prune(before)).isEmpty();
  }

  private static List<List<JournalStep>> stepSequences(Side side, JournalStep last, List<JournalStep> so) {
    List<List<JournalStep>> all = new ArrayList<>(List.of(so));
    for (JournalStep next : last.next(side)) {
      List<JournalStep> longer = new ArrayList<>(so);
      longer.add(next);
      all.addAll(stepSequences(side, next, longer));
    }
    return all;
  }

  /** A source that asks too late resumes nothing, and a refused target cannot commit. */
  @Test
  void answersNotKnownAfterPruning() throws IOException {
    JournalFile running =
        journal(Side.TARGET, GONE, old, List.of(JournalStep.COMMITTED, JournalStep.RUNNING));
    JournalFile refused = journal(Side.TARGET, GONE, old, List.of(JournalStep.REFUSED));
    MigrationId ran = running.read().orElseThrow().header().migration();
    assertThat(state.answer(ran).verdict()).isEqualTo(Verdict.COMMITTED);

    assertThat(state.prune(before)).hasSize(2);

    assertThat(state.answer(ran).verdict()).isEqualTo(Verdict.NOT_KNOWN);
    assertThatThrownBy(() -> refused.add(JournalStep.COMMITTED, "late"))
        .isInstanceOf(JournalException.class);
    assertThat(refused.path()).doesNotExist();
  }

  /** Both times must be old: a copied directory has new file times, and the clock may have been wrong. */
  @Test
  void requiresOldFileAndOldRecord() throws IOException {
    JournalFile copied = journal(Side.SOURCE, GONE, old, List.of(JournalStep.KEPT));
    Files.setLastModifiedTime(copied.path(), FileTime.from(now));
    JournalFile young = journal(Side.SOURCE, GONE, now, List.of(JournalStep.KEPT));
    Files.setLastModifiedTime(young.path(), FileTime.from(old));

    assertThat(state.prune(before)).isEmpty();
    assertThat(state.all()).hasSize(2);
  }

  @Test
  void keepsUnreadableJournals() throws IOException {
    JournalFile damaged = journal(Side.SOURCE, GONE, old, List.of(JournalStep.KEPT));
    Files.writeString(damaged.path(), "not a journal");
    Files.setLastModifiedTime(damaged.path(), FileTime.from(old));
    JournalFile cutShort = journal(Side.SOURCE, GONE, old, List.of());
    Files.write(cutShort.path(), new byte[0]);
    Files.setLastModifiedTime(cutShort.path(), FileTime.from(old));

    assertThat(state.prune(before)).isEmpty();
    assertThat(damaged.path()).exists();
    assertThat(cutShort.path()).exists();
  }
}
