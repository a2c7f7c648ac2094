// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;

/** A disk that reports that it is full. {@link FullDiskTest} uses a real one, which requires root. */
final class SimulatedDisk implements FaultTrial.Disk {

  private volatile boolean full;

  @Override
  public void fill() {
    full = true;
  }

  @Override
  public void makeRoom() {
    full = false;
  }

  @Override
  public Journal journal(StateDirectory in) {
    return heading -> {
      requireRoom();
      JournalFile file = in.begin(heading);
      return (step, reason) -> {
        requireRoom();
        file.add(step, reason);
      };
    };
  }

  private void requireRoom() throws JournalException {
    if (full) {
      throw new JournalException("the journal cannot be written: No space left on device", null);
    }
  }
}
