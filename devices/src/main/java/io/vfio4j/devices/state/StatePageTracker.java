// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The pages of all memories of a device that a saving session still has to send. */
public final class StatePageTracker implements AutoCloseable {

  private final StateMemory memory;
  private final PageTracker[] trackers;
  private final boolean passesMemory;

  /**
   * Creates a tracker of all pages, which is notified of writes until it is closed.
   *
   * @param changes whether the memories may change before everything is sent
   */
  public static StatePageTracker of(StateMemory memory, boolean changes) throws LinuxException {
    return new StatePageTracker(memory, changes, false);
  }

  /** Creates a tracker without pages, for memory that goes by descriptor. */
  public static StatePageTracker ofPassed(StateMemory memory) throws LinuxException {
    return new StatePageTracker(memory, false, true);
  }

  private StatePageTracker(StateMemory memory, boolean changes, boolean passesMemory) throws LinuxException {
    this.memory = memory;
    this.passesMemory = passesMemory;
    this.trackers = new PageTracker[passesMemory ? 0 : memory.count()];
    try {
      for (int i = 0; i < trackers.length; i++) {
        MemoryBackend one = memory.memory(i);
        boolean compares = one.isMappable() && changes;
        trackers[i] =
            new PageTracker(one, compares ? Optional.of(ShadowCopy.create(one.size())) : Optional.empty());
        one.setTracker(trackers[i]);
      }
    } catch (Throwable t) {
      close();
      throw t;
    }
  }

  /** Returns the size of all memories in bytes. */
  long bytes() {
    return memory.size();
  }

  /** Returns whether the memory goes by descriptor. */
  boolean passesMemory() {
    return passesMemory;
  }

  /** Returns the number of pages that the first sweeps have not reached. */
  long unswept() {
    long sum = 0;
    for (PageTracker one : trackers) {
      sum += one.unswept();
    }
    return sum;
  }

  /** Returns the number of pages known to have changed behind the sweeps. */
  long dirty() {
    long sum = 0;
    for (PageTracker one : trackers) {
      sum += one.dirty();
    }
    return sum;
  }

  boolean isEmpty() {
    return unswept() == 0 && dirty() == 0;
  }

  /** Compares the memories with their shadow copies, where there are any. */
  void scanForChanges() {
    for (PageTracker one : trackers) {
      one.scanForChanges();
    }
  }

  /** Copies the next run of at least one and at most {@code most} pages. There must be a page left to send. */
  PageTracker.PageRun copyNext(int most, MemorySegment to, long at) {
    int index = nextTracker(unswept() > 0);
    PageTracker.PageRun run = trackers[index].copyNext(most, to, at);
    return memory.offset(index) == 0
        ? run
        : new PageTracker.PageRun(run.offset() + memory.offset(index), run.length());
  }

  private int nextTracker(boolean sweeps) {
    for (int i = 0; i < trackers.length; i++) {
      if (sweeps ? trackers[i].unswept() > 0 : trackers[i].dirty() > 0) {
        return i;
      }
    }
    throw new IllegalStateException("no page is left to send");
  }

  @Override
  public void close() {
    for (int i = 0; i < trackers.length; i++) {
      if (trackers[i] != null) {
        memory.memory(i).setTracker(null);
        trackers[i].close();
      }
    }
  }
}
