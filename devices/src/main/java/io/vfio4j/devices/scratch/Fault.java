// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import java.time.Duration;

/**
 * A fault that a scratch device simulates, for tests of vfio4j and of other programs. Its text form is:
 *
 * <table>
 * <caption>The grammar of {@link #parse}</caption>
 * <tr><th>text</th><th>effect</th></tr>
 * <tr><td>{@code arc=FROM>TO,errno=E}</td><td>the arc fails, the device stays in FROM</td></tr>
 * <tr><td>{@code arc=FROM>TO,errno=E,error}</td><td>the arc fails, the device enters ERROR</td></tr>
 * <tr><td>{@code ...,times=N}</td><td>only the first N times</td></tr>
 * <tr><td>{@code arc=FROM>TO,delay=D}</td><td>the arc takes D longer, as in {@code 500ms}, while the device keeps running;
 * {@code times=N} as above</td></tr>
 * <tr><td>{@code read,at=N,errno=E}</td><td>reading the saved state fails at byte N</td></tr>
 * <tr><td>{@code read,at=N,cut}</td><td>the saved state ends at byte N</td></tr>
 * <tr><td>{@code write,at=N,errno=E}</td><td>writing a saved state fails at byte N</td></tr>
 * <tr><td>{@code write,at=N,cut}</td><td>bytes written from byte N on are silently discarded</td></tr>
 * <tr><td>{@code slow=RATE}</td><td>the state is read at no more than RATE bytes per second</td></tr>
 * <tr><td>{@code announce=SIZE}</td><td>the estimated length of STOP_COPY is SIZE bytes</td></tr>
 * <tr><td>{@code traffic=skip}</td><td>after a load, the traffic skips one write</td></tr>
 * <tr><td>{@code traffic=repeat}</td><td>after a load, the traffic repeats one write</td></tr>
 * <tr><td>{@code traffic=restart}</td><td>after a load, the traffic repeats ten writes</td></tr>
 * </table>
 *
 * <p>
 * FROM and TO are names of states connected by a single arc; on a longer path, the device stays in the state before the
 * arc that fails, which is mid-path. E is a name such as EIO or a number. D is in
 * {@code us}, {@code ms} or {@code s}. N, RATE and SIZE are whole numbers, with a suffix {@code k}, {@code m}
 * or {@code g} for powers of 1024.
 */
public sealed interface Fault {

  /** The fault occurs each time. */
  int UNLIMITED = Integer.MAX_VALUE;

  /**
   * An arc fails.
   *
   * @param arc the arc
   * @param errno the errno reported
   * @param entersError whether the device enters ERROR; otherwise it stays in the state before the arc
   * @param times how often the fault occurs, at least once
   */
  record ArcFailure(Arc arc, Errno errno, boolean entersError, int times) implements Fault {

    /** Checks the count. */
    public ArcFailure {
      requireAtLeast(1, times, "times");
    }
  }

  /**
   * An arc takes longer; meanwhile the device continues as in the state before.
   *
   * @param arc the arc
   * @param delay the additional time
   * @param times how often the fault occurs, at least once
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
   * @param errno the errno reported
   */
  record ReadFailure(long at, Errno errno) implements Fault {

    /** Checks the position. */
    public ReadFailure {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * The saved state ends early.
   *
   * @param at the number of bytes before the end
   */
  record ReadTruncation(long at) implements Fault {

    /** Checks the position. */
    public ReadTruncation {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * Writing a saved state fails.
   *
   * @param at the first byte that cannot be written, from 0
   * @param errno the errno reported
   */
  record WriteFailure(long at, Errno errno) implements Fault {

    /** Checks the position. */
    public WriteFailure {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * The end of a written state is silently discarded.
   *
   * @param at the number of bytes that are kept
   */
  record WriteTruncation(long at) implements Fault {

    /** Checks the position. */
    public WriteTruncation {
      requireAtLeast(0, at, "at");
    }
  }

  /**
   * Reading the saved state is limited to a rate: a read beyond it returns no data before the device is stopped, and blocks
   * in STOP_COPY.
   *
   * @param bytesPerSecond the rate, at least 1
   */
  record ReadThrottle(long bytesPerSecond) implements Fault {

    /** Checks the rate. */
    public ReadThrottle {
      requireAtLeast(1, bytesPerSecond, "slow");
    }
  }

  /**
   * The estimated length of the STOP_COPY data is wrong.
   *
   * @param bytes the estimate reported
   */
  record LengthOverride(long bytes) implements Fault {

    /** Checks the size. */
    public LengthOverride {
      requireAtLeast(0, bytes, "announce");
    }
  }

  /** The traffic does not continue where it stopped, which a proof of continuity has to detect. */
  enum TrafficFault implements Fault {
    /** One write is skipped. */
    SKIP(1),
    /** One write is repeated. */
    REPEAT(-1),
    /** Ten writes are repeated. */
    RESTART(-10);

    private final long step;

    TrafficFault(long step) {
      this.step = step;
    }

    /** Returns the falsified count of writes, at least 0. */
    long apply(long count) {
      return Math.max(0, count + step);
    }
  }

  /**
   * Parses a fault.
   *
   * @param text the text form described above
   * @throws IllegalArgumentException if the text is not valid; the message says what is expected
   */
  static Fault parse(String text) {
    return FaultParser.parse(text);
  }

  private static void requireAtLeast(long least, long value, String what) {
    if (value < least) {
      throw new IllegalArgumentException("%s=%d: must be at least %d".formatted(what, value, least));
    }
  }
}
