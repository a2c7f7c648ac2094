// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.linux.LinuxException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Which pages of all of a device's memories a saving session still has to send. */
final class StatePages implements AutoCloseable {

  private final StateMemory memory;
  private final PagesToSend[] pages;

  /**
   * Begins with all pages, and hears of writes until it is closed.
   *
   * @param changes whether anything may change before all is sent
   */
  StatePages(StateMemory memory, boolean changes) throws LinuxException {
    this.memory = memory;
    this.pages = new PagesToSend[memory.count()];
    try {
      for (int i = 0; i < pages.length; i++) {
        MemoryBackend one = memory.memory(i);
        boolean compares = one.isMappable() && changes;
        pages[i] = new PagesToSend(one, compares ? Optional.of(Shadow.create(one.size())) : Optional.empty());
        one.track(pages[i]);
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
  long initial() {
    long sum = 0;
    for (PagesToSend one : pages) {
      sum += one.initial();
    }
    return sum;
  }

  /** Returns how many pages are known to have changed behind the sweeps. */
  long changed() {
    long sum = 0;
    for (PagesToSend one : pages) {
      sum += one.changed();
    }
    return sum;
  }

  boolean isEmpty() {
    return initial() == 0 && changed() == 0;
  }

  /** Compares what was sent with what is there now, where there is something to compare with. */
  void lookForChanges() {
    for (PagesToSend one : pages) {
      one.lookForChanges();
    }
  }

  /** Copies out the next run of pages: at least one, at most so many. There must be one. */
  PagesToSend.Run copyNext(int most, MemorySegment to, long at) {
    int index = next(initial() > 0);
    PagesToSend.Run run = pages[index].copyNext(most, to, at);
    return memory.begin(index) == 0
        ? run
        : new PagesToSend.Run(run.offset() + memory.begin(index), run.length());
  }

  private int next(boolean sweeps) {
    for (int i = 0; i < pages.length; i++) {
      if (sweeps ? pages[i].initial() > 0 : pages[i].changed() > 0) {
        return i;
      }
    }
    throw new IllegalStateException("no page is left to send");
  }

  @Override
  public void close() {
    for (int i = 0; i < pages.length; i++) {
      if (pages[i] != null) {
        memory.memory(i).track(null);
        pages[i].close();
      }
    }
  }
}
