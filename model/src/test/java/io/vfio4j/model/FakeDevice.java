// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Takes arcs, records them, and fails at the configured one. */
final class FakeDevice implements DeviceStateMachine.ArcTaker {

  /** The arcs that succeeded, and the data sessions that they opened. */
  final List<Arc> taken = new ArrayList<>();
  final List<DataSession> opened = new ArrayList<>();

  private int arcsUntilFailure = -1;
  private ArcException failure = new ArcException(Errno.EIO, false, "not told to fail");

  /** Fails once, after a number of successful arcs. */
  void failAfter(int arcs, ArcException with) {
    arcsUntilFailure = arcs;
    failure = with;
  }

  /** Clears the configuration and the records. */
  void restart() {
    arcsUntilFailure = -1;
    taken.clear();
    opened.clear();
  }

  @Override
  public Optional<DataSession> take(Arc arc) throws ArcException {
    if (arcsUntilFailure-- == 0) {
      throw failure;
    }
    taken.add(arc);
    if (arc.opensSaving()) {
      opened.add(new EmptySavingSession());
    } else if (arc.opensResuming()) {
      opened.add(new DiscardingResumingSession());
    } else {
      return Optional.empty();
    }
    return Optional.of(opened.getLast());
  }

  /** A saving session without data. */
  static final class EmptySavingSession implements SavingSession {
    @Override
    public long read(MemorySegment into) {
      return END;
    }

    @Override
    public Optional<PreCopyInfo> preCopyInfo() {
      return Optional.empty();
    }

    @Override
    public void close() {
      // no resources
    }
  }

  /** A resuming session that discards its data. */
  static final class DiscardingResumingSession implements ResumingSession {
    @Override
    public void write(MemorySegment data) {
      // dropped
    }

    @Override
    public void close() {
      // no resources
    }
  }
}
