// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import io.vfio4j.vfiouser.recording.RecordKind;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.recording.RecordingEntry;
import io.vfio4j.vfiouser.recording.RecordingException;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a server records of its sessions, and by what clock. That of a server in this process is known; of a process of its
 * own it is found out from the times of day at which its sessions began.
 */
public final class RecordingServer implements AutoCloseable {

  /**
   * How far the clock of another process may be off, nanoseconds: its first messages are slow, until it has loaded its
   * classes. Two copies that both run do so for longer.
   */
  static final long SLACK = 100_000_000;

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long SOON = 200_000;
  private static final int TRIES = 50;

  private final Path file;
  private final Optional<Recording> recording;
  private final long began;

  private RecordingServer(Path file, Optional<Recording> recording, long began) {
    this.file = file;
    this.recording = recording;
    this.began = began;
  }

  /** Begins a recording for a server in this process. Its clock begins in between, so that it has to be made quickly. */
  public static RecordingServer inProcess(Path file) throws IOException {
    for (int tries = 0;; tries++) {
      long before = System.nanoTime();
      Recording recording = Recording.create(file, line -> {
      });
      if (System.nanoTime() - before < SOON || tries == TRIES) {
        return new RecordingServer(file, Optional.of(recording), before);
      }
      recording.close();
    }
  }

  /** A server in a process of its own writes it. */
  static RecordingServer inChildProcess(Path file) {
    return new RecordingServer(file, Optional.empty(), 0);
  }

  Path file() {
    return file;
  }

  /** Returns where a server in this process records. */
  public Recording recording() {
    return recording.orElseThrow();
  }

  /** Tells whether its clock is known. */
  boolean isExact() {
    return recording.isPresent();
  }

  /** Tells whether what runs at the end of the recording goes on. */
  boolean isAlive() {
    return isExact();
  }

  /** Returns when the recording began, by {@link System#nanoTime}. */
  long startNanos() throws IOException {
    if (isExact()) {
      return began;
    }
    long now = System.currentTimeMillis() * NANOS_PER_MILLI - System.nanoTime();
    return startEpochNanos() - now;
  }

  /** A session's first message follows its beginning at once: where it was soonest, this is the nearest to the truth. */
  private long startEpochNanos() throws IOException {
    Map<Integer, Long> begun = new LinkedHashMap<>();
    long latest = Long.MIN_VALUE;
    try (RecordingReader reader = new RecordingReader(Files.newInputStream(file))) {
      for (RecordingEntry record = reader.next(); record != null; record = reader.next()) {
        if (record.kind() == RecordKind.CONNECTED) {
          begun.put(record.connection(), record.nanos());
        } else {
          Long at = begun.remove(record.connection());
          latest = at == null ? latest : Math.max(latest, at - record.nanos());
        }
      }
    } catch (RecordingException e) {
      // It was killed in the middle of a record.
    }
    return latest;
  }

  @Override
  public void close() throws IOException {
    if (recording.isPresent()) {
      recording.get().close();
    }
  }
}
