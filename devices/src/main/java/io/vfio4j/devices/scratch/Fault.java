// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import java.time.Duration;

/**
 * Trouble that a scratch device simulates, for tests and for those who test their own tools. Written as:
 *
 * <table>
 * <caption>The grammar of {@link #parse}</caption>
 * <tr><th>text</th><th>what happens</th></tr>
 * <tr><td>{@code arc=FROM>TO,errno=E}</td><td>the arc fails, the device stays before it</td></tr>
 * <tr><td>{@code arc=FROM>TO,errno=E,error}</td><td>the arc fails, the device is in ERROR</td></tr>
 * <tr><td>{@code ...,times=N}</td><td>only the first N times</td></tr>
 * <tr><td>{@code arc=FROM>TO,delay=D}</td><td>the arc takes D longer, as in {@code 500ms}, and the device runs on
 * meanwhile; {@code times=N} as above</td></tr>
 * <tr><td>{@code read,at=N,errno=E}</td><td>reading the saved state fails at byte N</td></tr>
 * <tr><td>{@code read,at=N,cut}</td><td>the saved state ends at byte N</td></tr>
 * <tr><td>{@code write,at=N,errno=E}</td><td>writing a saved state fails at byte N</td></tr>
 * <tr><td>{@code write,at=N,cut}</td><td>what is written from byte N on is dropped without a word</td></tr>
 * <tr><td>{@code slow=RATE}</td><td>the state is read at RATE bytes a second at most</td></tr>
 * <tr><td>{@code announce=SIZE}</td><td>SIZE bytes is the estimate for STOP_COPY, whatever there is</td></tr>
 * <tr><td>{@code traffic=skip}</td><td>when a state was loaded, one traffic write is left out</td></tr>
 * <tr><td>{@code traffic=repeat}</td><td>when a state was loaded, one traffic write is done again</td></tr>
 * <tr><td>{@code traffic=restart}</td><td>when a state was loaded, traffic starts ten writes early</td></tr>
 * </table>
 *
 * <p>
 * FROM and TO are names of states a single arc apart; where a device fails on a longer way, it is left in the
 * state before that arc, which is mid-path. E is a name such as EIO or a number. D is in
 * {@code us}, {@code ms} or {@code s}. N, RATE and SIZE are whole numbers, with a suffix {@code k}, {@code m}
 * or {@code g} for powers of 1024.
 */
public sealed interface Fault {

  /** Any number of times. */
  int UNLIMITED = Integer.MAX_VALUE;

  /**
   * An arc fails.
   *
   * @param arc which
   * @param errno the answer
   * @param entersError whether the device is in ERROR afterwards; else it stays before the arc
   * @param times how often, at least once
   */
  record ArcFailure(Arc arc, Errno errno, boolean entersError, int times) implements Fault {

    /** Checks the count. */
    public ArcFailure {
      requireAtLeast(1, times, "times");
    }
  }

  /**
   * An arc takes longer; until it has been taken, the device does what it does in the state before.
   *
   * @param arc which
   * @param delay by how much
   * @param times how often, at least once
   */
  record ArcDelay(Arc arc, Duration delay, int times) implements Fault {

    /** Checks the count. */
    public ArcDelay {
      requireAtLeast(1, times, "times");
    }
  }

  /**
   * Reading the saved state fails.
   *
   * @param at the first byte that cannot be read, from 0
   * @param errno the answer
   */
  record ReadFailure(long at, Errno errno) implements Fault {

    /** Checks the place. */
    public ReadFailure {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * The saved state ends early.
   *
   * @param at how many bytes of it there are
   */
  record ReadTruncation(long at) implements Fault {

    /** Checks the place. */
    public ReadTruncation {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * Writing a saved state fails.
   *
   * @param at the first byte that cannot be written, from 0
   * @param errno the answer
   */
  record WriteFailure(long at, Errno errno) implements Fault {

    /** Checks the place. */
    public WriteFailure {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * The end of what is written gets lost, and nobody is told.
   *
   * @param at how many bytes arrive
   */
  record WriteTruncation(long at) implements Fault {

    /** Checks the place. */
    public WriteTruncation {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * The saved state is slow to read: before the device is stopped there is nothing to read now and then, and
   * in STOP_COPY reading blocks.
   *
   * @param bytesPerSecond how fast it is, at least 1
   */
  record ReadThrottle(long bytesPerSecond) implements Fault {

    /** Checks the rate. */
    public ReadThrottle {
      requireAtLeast(1, bytesPerSecond, "slow");
    }
  }

  /**
   * The estimate of what there is to read in STOP_COPY is wrong.
   *
   * @param bytes the estimate
   */
  record LengthOverride(long bytes) implements Fault {

    /** Checks the size. */
    public LengthOverride {
      requireAtLeast(0, bytes, "announce");
    }
  }

  /** The traffic does not go on where it was: what a proof of continuity has to find. */
  enum TrafficFault implements Fault {
    /** One write is left out. */
    SKIP(1),
    /** One write is done again. */
    REPEAT(-1),
    /** The writes start again ten early. */
    RESTART(-10);

    private final long step;

    TrafficFault(long step) {
      this.step = step;
    }

    /** Returns a count of writes as the cheat has it, never below 0. */
    long apply(long count) {
      return Math.max(0, count + step);
    }
  }

  /**
   * Reads a fault from its text.
   *
   * @param text as the table says
   * @return the fault
   * @throws IllegalArgumentException if the text is wrong, with a line that says what would be right
   */
  static Fault parse(String text) {
    return FaultParser.parse(text);
  }

  private static void requireAtLeast(long least, long value, String what) {
    if (value < least) {
      throw new IllegalArgumentException("%s=%d: give at least %d".formatted(what, value, least));
    }
  }
}
