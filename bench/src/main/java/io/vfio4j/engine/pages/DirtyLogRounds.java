// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.MigratableDevice;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Reads a device's dirty log in rounds, as a migration does, for measurement. */
public final class DirtyLogRounds implements AutoCloseable {

  private final PendingPages pending;
  private final DirtyLogs logs;
  private final TrackedLog log;

  /**
   * Starts the log.
   *
   * @param memory the memory that the device may write, at address 0
   */
  public DirtyLogRounds(MigratableDevice device, MemorySegment memory) {
    MemoryRegions regions = MemoryRegions.of(new MemoryRegion("ram", 0, memory));
    pending = new PendingPages(regions);
    logs = new DirtyLogs(regions, List.of(device), Optional.empty(), Optional.empty(), DirtyLogRounds::fail);
    log = logs.ofDevice(0).orElseThrow();
    log.start();
    logs.reportNotes();
    for (long word = 0; word < pending.of(0).wordCount(); word++) {
      pending.of(0).takeWord(word);
    }
  }

  private static void fail(String note) {
    throw new IllegalStateException(note);
  }

  /** Reads the log and returns the number of pages pending since the start. */
  public long round() {
    log.collect();
    return logs.mergeInto(pending);
  }

  @Override
  public void close() {
    log.stop();
    logs.close();
    pending.close();
  }
}
