// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Side;
import io.vfio4j.testkit.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Journal files: all records that were written can be read, whatever happens to the end of the file, and nothing else. */
class JournalFileTest {

  private static final List<String> DEVICES = List.of("vfio-user:/run/\u00e4.sock", "kernel:0000:3b:00.2");

  @TempDir
  private Path folder;

  private StateDirectory state;

  @BeforeEach
  void open() throws JournalException {
    state = StateDirectory.open(folder.resolve("state/vfio4j"));
  }

  private JournalFile begin(Side side) throws JournalException {
    return state.begin(new Journal.Header(MigrationId.random(), side, DEVICES, "tcp:192.0.2.7:4711"));
  }

  private static JournalFile with(JournalFile file, JournalStep... steps) throws JournalException {
    for (JournalStep step : steps) {
      file.add(step, "because of " + step);
    }
    return file;
  }

  private static List<JournalStep> steps(JournalFile file) throws JournalException {
    return file.read().map(contents -> contents.records().stream().map(JournalRecord::step).toList())
        .orElse(List.of());
  }

  @Test
  void persistsRecords() throws Exception {
    Journal.Header heading =
        new Journal.Header(MigrationId.random(), Side.SOURCE, DEVICES, "unix:/run/m.sock");
    JournalFile file = with(state.begin(heading), JournalStep.GIVEN, JournalStep.CONFIRMED);

    JournalContents contents =
        state.find(heading.migration(), Side.SOURCE).orElseThrow().read().orElseThrow();

    assertThat(contents.header()).isEqualTo(heading);
    assertThat(contents.process()).isEqualTo(OwnerProcess.current());
    assertThat(contents.process().isAlive()).isTrue();
    assertThat(contents.last().reason()).isEqualTo("because of confirmed");
    assertThat(contents.isSettled()).isTrue();
    assertThat(steps(file)).containsExactly(JournalStep.PREPARED, JournalStep.GIVEN, JournalStep.CONFIRMED);
    assertThat(state.all()).extracting(JournalFile::path).containsExactly(file.path());
    assertThat(state.find(heading.migration(), Side.TARGET)).isEmpty();
  }

  @Test
  void restrictsAccessToOwner() throws IOException {
    Path file = begin(Side.TARGET).path();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state.folder())))
        .isEqualTo("rwx------");
  }

  @Test
  void roundTripsIds() {
    Seeds.forEach(100, random -> {
      MigrationId migration = new MigrationId(random.nextLong(), random.nextLong());
      assertThat(MigrationId.parse(migration.toString())).isEqualTo(migration);
    });
    for (String wrong : List.of("", "12", "g".repeat(32), "0".repeat(33))) {
      assertThatThrownBy(() -> MigrationId.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** All pairs of steps, on both sides: a file accepts the permitted successors, and rejects others with a reason. */
  @ParameterizedTest
  @EnumSource(Side.class)
  void acceptsOnlyAllowedNextStep(Side side) throws JournalException {
    for (List<JournalStep> steps : stepSequences(side, List.of(JournalStep.PREPARED))) {
      for (JournalStep step : JournalStep.values()) {
        JournalFile file = begin(side);
        with(file, steps.subList(1, steps.size()).toArray(JournalStep[]::new));
        if (steps.getLast().next(side).contains(step)) {
          with(file, step);
          assertThat(steps(file)).endsWith(step);
        } else {
          assertThatThrownBy(() -> with(file, step)).isInstanceOf(JournalException.class)
              .hasMessageContaining("'%s'".formatted(steps.getLast())).hasMessageContaining("is not allowed");
          assertThat(steps(file)).isEqualTo(steps);
        }
      }
    }
  }

  private static List<List<JournalStep>> stepSequences(Side side, List<JournalStep> begun) {
    List<List<JournalStep>> all = new ArrayList<>(List.of(begun));
    for (JournalStep next : begun.getLast().next(side)) {
      List<JournalStep> longer = new ArrayList<>(begun);
      longer.add(next);
      all.addAll(stepSequences(side, longer));
    }
    return all;
  }

  /** A file truncated anywhere, with or without zeros after that, has all complete records, and accepts more. */
  @Test
  void ignoresPartialRecord() throws IOException {
    JournalFile file = with(begin(Side.TARGET), JournalStep.COMMITTED);
    int beforeLast = (int) Files.size(file.path());
    with(file, JournalStep.RUNNING);
    byte[] whole = Files.readAllBytes(file.path());
    for (int length = beforeLast; length < whole.length; length++) {
      for (int zeros : new int[] {0, whole.length - length, 4096}) {
        Files.write(file.path(), Arrays.copyOf(Arrays.copyOf(whole, length), length + zeros));
        assertThat(steps(file)).as("%d bytes, %d zeros", length, zeros).containsExactly(JournalStep.PREPARED,
            JournalStep.COMMITTED);
        with(file, JournalStep.RETURNED);
        assertThat(steps(file)).endsWith(JournalStep.COMMITTED, JournalStep.RETURNED);
      }
    }
  }

  @Test
  void readsIncompleteJournalAsEmpty() throws IOException {
    JournalFile file = begin(Side.SOURCE);
    byte[] whole = Files.readAllBytes(file.path());
    for (int length = 0; length < whole.length; length++) {
      Files.write(file.path(), Arrays.copyOf(whole, length));
      assertThat(file.read()).as("%d bytes", length).isEmpty();
      Files.write(file.path(), Arrays.copyOf(Arrays.copyOf(whole, length), whole.length));
      assertThat(file.read()).as("%d bytes and zeros", length).isEmpty();
    }
  }

  /** A damaged file is rejected, unless the damage looks like an incomplete last record. */
  @Test
  void detectsChangedByte() throws IOException {
    JournalFile file = with(begin(Side.TARGET), JournalStep.COMMITTED, JournalStep.RUNNING);
    byte[] whole = Files.readAllBytes(file.path());
    Seeds.forEach(2, random -> {
      for (int at = 0; at < whole.length; at++) {
        byte[] bad = whole.clone();
        bad[at] ^= (byte) (1 + random.nextInt(255));
        Files.write(file.path(), bad);
        try {
          assertThat(steps(file)).as("byte %d", at).isIn(List.of(), List.of(JournalStep.PREPARED),
              List.of(JournalStep.PREPARED, JournalStep.COMMITTED));
        } catch (JournalException e) {
          assertThat(e).hasMessageContaining(file.path().toString());
        }
      }
    });
  }

  @Test
  void reportsWriteFailureAndLeavesNoFile() throws IOException {
    JournalFile file = begin(Side.TARGET);
    Files.delete(file.path());
    assertThatThrownBy(() -> with(file, JournalStep.COMMITTED)).isInstanceOf(JournalException.class)
        .hasMessageContaining("'committed' cannot be recorded in the journal " + file.path());
    assertThat(file.path()).doesNotExist();

    Files.delete(state.folder());
    assertThatThrownBy(() -> begin(Side.TARGET)).isInstanceOf(JournalException.class)
        .hasMessageContaining("cannot be written");
    Path plain = Files.createFile(folder.resolve("plain"));
    assertThatThrownBy(() -> StateDirectory.open(plain.resolve("x"))).isInstanceOf(JournalException.class)
        .hasMessageContaining("cannot be created");
  }

  /** COMMITTED and REFUSED exclude each other. */
  @Test
  void recordsEitherCommitOrRefusal() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 50; round++) {
        JournalFile file = begin(Side.TARGET);
        MigrationId migration = file.read().orElseThrow().header().migration();
        CyclicBarrier together = new CyclicBarrier(2);
        Callable<Boolean> claim = () -> {
          together.await();
          try {
            file.add(JournalStep.COMMITTED, "the source has given its devices away");
            return true;
          } catch (JournalException e) {
            return false;
          }
        };
        Callable<Verdict> ask = () -> {
          together.await();
          return state.answer(migration).verdict();
        };
        Future<Boolean> mine = threads.submit(claim);
        Future<Verdict> answer = threads.submit(ask);
        assertThat(answer.get()).isEqualTo(mine.get() ? Verdict.UNSURE : Verdict.NOT_COMMITTED);
      }
    }
  }

  @Test
  void answersFromJournal() throws Exception {
    assertThat(state.answer(MigrationId.random()).verdict()).isEqualTo(Verdict.NOT_KNOWN);
    for (List<JournalStep> steps : stepSequences(Side.TARGET, List.of(JournalStep.PREPARED))) {
      JournalFile file = with(begin(Side.TARGET), steps.subList(1, steps.size()).toArray(JournalStep[]::new));
      Verdict verdict = state.answer(file.read().orElseThrow().header().migration()).verdict();
      switch (steps.getLast()) {
        case RUNNING -> assertThat(verdict).isEqualTo(Verdict.COMMITTED);
        case COMMITTED -> assertThat(verdict).isEqualTo(Verdict.UNSURE);
        default -> {
          assertThat(verdict).isEqualTo(Verdict.NOT_COMMITTED);
          assertThat(file.read().orElseThrow().isSettled()).isTrue();
          assertThatThrownBy(() -> with(file, JournalStep.COMMITTED)).isInstanceOf(JournalException.class);
        }
      }
    }
  }

  @Test
  void treatsUnreadableJournalAsUnsure() throws Exception {
    JournalFile file = begin(Side.TARGET);
    MigrationId migration = file.read().orElseThrow().header().migration();
    Files.write(file.path(), "not a journal".getBytes(StandardCharsets.US_ASCII));
    assertThat(state.answer(migration).verdict()).isEqualTo(Verdict.UNSURE);
    Files.write(file.path(), new byte[0]);
    assertThat(state.answer(migration).verdict()).isEqualTo(Verdict.NOT_KNOWN);
  }

  /** Opening a FIFO for reading would block. */
  @Test
  @Timeout(60)
  void reportsFifosAndLinksInsteadOfOpeningThem() throws Exception {
    Path fifo = state.folder().resolve("0".repeat(32) + "-source.journal");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path connection = state.folder().resolve("1".repeat(32) + "-target.journal");
    Files.createSymbolicLink(connection, begin(Side.TARGET).path());

    assertThat(state.all()).extracting(JournalFile::path).contains(fifo, connection);
    for (JournalFile file : state.all()) {
      if (!Files.isRegularFile(file.path(), LinkOption.NOFOLLOW_LINKS)) {
        assertThatThrownBy(file::read).isInstanceOf(JournalException.class)
            .hasMessageContaining(file.path() + " cannot be read: it is not a regular file");
        assertThatThrownBy(() -> file.add(JournalStep.GIVEN, "")).isInstanceOf(JournalException.class);
      }
    }
    assertThat(state.prune(Instant.now())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwxr-xrwx", "rwxrwxrwx"})
  void rejectsDirectoryWritableByOthers(String mode) throws Exception {
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(mode));

    assertThatThrownBy(() -> StateDirectory.open(open)).isInstanceOf(JournalException.class)
        .hasMessageContaining("mode " + mode).hasMessageContaining("chmod go-w " + open);

    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(StateDirectory.open(open).all()).isEmpty();
  }

  /** Another user could change what root relies on. */
  @Test
  void rejectsDirectoryOfAnotherUser() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")),
        "only root can give a directory away");
    Path theirs = Files.createDirectory(folder.resolve("theirs"));
    Files.setAttribute(theirs, "unix:uid", 12345);

    assertThatThrownBy(() -> StateDirectory.open(theirs)).isInstanceOf(JournalException.class)
        .hasMessageContaining("it is owned by user 12345, and this is user 0");
  }

  /** A directory for one host has the same records; a process that has died leaves them all. */
  @ParameterizedTest
  @EnumSource(Side.class)
  void keepsRecordsForOneHost(Side side) throws JournalException {
    JournalStep step = side == Side.SOURCE ? JournalStep.GIVEN : JournalStep.COMMITTED;
    JournalFile file = state.forOneHost()
        .begin(new Journal.Header(MigrationId.random(), side, DEVICES, "this process"));
    file.add(step, "handed over");

    assertThat(state.all()).singleElement().satisfies(
        found -> assertThat(found.read().orElseThrow().last().step()).isEqualTo(step));
    assertThatThrownBy(() -> file.add(step, "again")).isInstanceOf(JournalException.class);
  }
}
