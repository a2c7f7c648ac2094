// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.output.FileMessages;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A directory with the journals of this machine's migrations, one file for each side of each migration. */
public final class StateDirectory implements Journal, OwnershipResponder {

  private static final String SUFFIX = ".journal";

  private final Path folder;
  private final boolean isForOneHost;

  private StateDirectory(Path folder, boolean isForOneHost) {
    this.folder = folder;
    this.isForOneHost = isForOneHost;
  }

  /**
   * Opens a directory, and creates it with mode 0700 if it does not exist.
   *
   * @throws JournalException if it cannot be created, or if other users than this one and root can write to it
   */
  public static StateDirectory open(Path folder) throws JournalException {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new JournalException(
          "the state directory %s cannot be created: %s".formatted(folder, FileMessages.message(e)), e);
    }
    try {
      DirectoryPermissions.requirePrivate(folder);
    } catch (IOException e) {
      throw new JournalException(
          "the state directory %s cannot be used: %s".formatted(folder, e.getMessage()), e);
    }
    return new StateDirectory(folder, false);
  }

  /**
   * Returns the same directory for migrations between processes of this host. The devices end with the host, so the records
   * that are written while they are stopped survive a killed process, but are forced to disk only by the next record:
   * the devices do not wait for the disk.
   */
  public StateDirectory forOneHost() {
    return new StateDirectory(folder, true);
  }

  public Path folder() {
    return folder;
  }

  private Path file(MigrationId migration, Side side) {
    return folder.resolve(migration + "-" + side + SUFFIX);
  }

  @Override
  public JournalFile begin(Header header) throws JournalException {
    return JournalFile.create(file(header.migration(), header.side()), header, isForOneHost);
  }

  /** Returns the journal of one side of a migration, if there is one. */
  public Optional<JournalFile> find(MigrationId migration, Side side) {
    Path file = file(migration, side);
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(new JournalFile(file, isForOneHost))
        : Optional.empty();
  }

  /**
   * Returns all journals, in the order of their names.
   *
   * @throws JournalException if the directory cannot be read
   */
  public List<JournalFile> all() throws JournalException {
    List<JournalFile> files = new ArrayList<>();
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      paths.forEach(path -> files.add(new JournalFile(path, isForOneHost)));
    } catch (IOException | DirectoryIteratorException e) {
      throw new JournalException(
          "the state directory %s cannot be read: %s".formatted(folder, e.getMessage()), e);
    }
    files.sort(Comparator.comparing(JournalFile::path));
    return files;
  }

  /**
   * Removes the journals whose last record has no successor and is older than an instant, unless the process that had the
   * devices open still runs. A later query about such a migration is answered with "not known", after which no side resumes
   * the devices. A journal that cannot be read is kept for the operator.
   *
   * @param before the instant; long enough ago for every source to have learned the outcome of its devices
   * @return the removed files
   * @throws JournalException if the directory cannot be read, or a journal cannot be removed
   */
  public List<Path> prune(Instant before) throws JournalException {
    List<Path> removed = new ArrayList<>();
    for (JournalFile file : all()) {
      if (file.removeIfSettled(before)) {
        removed.add(file.path());
      }
    }
    return removed;
  }

  /** Answers for the target. If it has not committed yet, it records {@link JournalStep#REFUSED} first. */
  @Override
  public OwnershipAnswer answer(MigrationId migration) {
    Optional<JournalFile> file = find(migration, Side.TARGET);
    if (file.isEmpty()) {
      return new OwnershipAnswer(Verdict.NOT_KNOWN,
          "there is no journal of migration %s in %s".formatted(migration, folder));
    }
    try {
      return answer(file.get());
    } catch (JournalException e) {
      return new OwnershipAnswer(Verdict.UNSURE, String.valueOf(e.getMessage()));
    }
  }

  private static OwnershipAnswer answer(JournalFile file) throws JournalException {
    Optional<JournalContents> contents = file.read();
    if (contents.isEmpty()) {
      return new OwnershipAnswer(Verdict.NOT_KNOWN, "the journal " + file.path() + " has no complete record");
    }
    if (contents.get().last().step() == JournalStep.PREPARED) {
      try {
        file.add(JournalStep.REFUSED, "the source queried the ownership before the target committed");
      } catch (JournalException e) {
        // If the target has recorded something meanwhile, that is the answer.
        return answer(file.read().map(JournalContents::last).orElseThrow(() -> e), e);
      }
      return new OwnershipAnswer(Verdict.NOT_COMMITTED, "it had not committed, and now never will");
    }
    JournalRecord last = contents.get().last();
    return answer(last,
        new JournalException("'%s' is not a record of a target".formatted(last.step()), null));
  }

  private static OwnershipAnswer answer(JournalRecord last, JournalException otherwise)
      throws JournalException {
    return switch (last.step()) {
      case RUNNING -> new OwnershipAnswer(Verdict.COMMITTED, "the devices ran here: " + last.reason());
      case REFUSED, RETURNED -> new OwnershipAnswer(Verdict.NOT_COMMITTED, last.reason());
      case COMMITTED -> new OwnershipAnswer(Verdict.UNSURE,
          "it committed, and did not record whether the devices ran");
      case PREPARED, GIVEN, CONFIRMED, KEPT, ABANDONED -> throw otherwise;
    };
  }
}
