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
 * The recording of a server and its clock. The clock of a server in this process is known; that of a child process is
 * determined from the times of day at which its connections started.
 */
public final class RecordingServer implements AutoCloseable {

  /**
   * The error of the clock of a child process in nanoseconds, whose first messages are slow until its classes are loaded.
   * Two copies that both run do so for longer.
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

  /** Starts a recording for a server in this process. Its clock starts in between, so this must be fast. */
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

  /** Returns the recording of a server in a child process. */
  static RecordingServer inChildProcess(Path file) {
    return new RecordingServer(file, Optional.empty(), 0);
  }

  Path file() {
    return file;
  }

  /** Returns the recording of a server in this process. */
  public Recording recording() {
    return recording.orElseThrow();
  }

  /** Returns whether its clock is known. */
  boolean isExact() {
    return recording.isPresent();
  }

  /** Returns whether a device that runs at the end of the recording keeps running. */
  boolean isAlive() {
    return isExact();
  }

  /** Returns the start of the recording as {@link System#nanoTime}. */
  long startNanos() throws IOException {
    if (isExact()) {
      return began;
    }
    long now = System.currentTimeMillis() * NANOS_PER_MILLI - System.nanoTime();
    return startEpochNanos() - now;
  }

  /** Returns the best estimate: the first message of a connection follows its start at once, and the fastest is closest. */
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
      // It was killed while writing a record.
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
