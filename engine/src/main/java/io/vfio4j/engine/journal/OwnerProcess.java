// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import java.time.Instant;
import java.util.Optional;

/**
 * The process that runs a side of a migration, and has its devices open.
 *
 * @param started when it was started, which distinguishes it from a later process with the same id; empty if unknown
 */
public record OwnerProcess(long pid, Optional<Instant> started) {

  /** Returns this process. */
  static OwnerProcess current() {
    ProcessHandle self = ProcessHandle.current();
    return new OwnerProcess(self.pid(), startOf(self));
  }

  private static Optional<Instant> startOf(ProcessHandle process) {
    return process.info().startInstant().map(start -> Instant.ofEpochMilli(start.toEpochMilli()));
  }

  /** Returns whether it still runs. */
  public boolean isAlive() {
    return ProcessHandle.of(pid).filter(process -> startOf(process).equals(started)).isPresent();
  }
}
