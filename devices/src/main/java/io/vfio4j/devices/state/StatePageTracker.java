// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Which pages of all of a device's memories a saving session still has to send. */
public final class StatePageTracker implements AutoCloseable {

  private final StateMemory memory;
  private final PageTracker[] trackers;

  /**
   * Begins with all pages, and hears of writes until it is closed.
   *
   * @param changes whether anything may change before all is sent
   */
  public StatePageTracker(StateMemory memory, boolean changes) throws LinuxException {
    this.memory = memory;
    this.trackers = new PageTracker[memory.count()];
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

  /** Returns the bytes of all memories. */
  long bytes() {
    return memory.size();
  }

  /** Returns how many pages the first sweeps have not come to. */
  long unswept() {
    long sum = 0;
    for (PageTracker one : trackers) {
      sum += one.unswept();
    }
    return sum;
  }

  /** Returns how many pages are known to have changed behind the sweeps. */
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

  /** Compares what was sent with what is there now, where there is something to compare with. */
  void scanForChanges() {
    for (PageTracker one : trackers) {
      one.scanForChanges();
    }
  }

  /** Copies out the next run of pages: at least one, at most so many. There must be one. */
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
