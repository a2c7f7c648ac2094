// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * How long a migration waits for what. Three times are set; every other limit follows from them, so that none ends what
 * another allows.
 *
 * <pre>
 * call      how long a call to a device may take: --arc-timeout
 * quiesce   how long the devices may take to reach their P2P states, in which they still run: --max-quiesce
 * silence   how long the other side may give no sign of life
 *
 * heartbeat = silence / 8      a side that has nothing to send sends ALIVE that often, also while a device call runs
 * exchange  = quiesce + call + 5 s     a vfio-user server may take that long to answer such a call: the engine, which
 *                              knows what it is about, is to be the first that gives up
 * room      = silence + call   the other side may take no byte for that long: a device that is being loaded takes none
 * mute      = max(silence, call)       instead of silence, where the other side gives no signs of life while it waits for
 *                              a device (streams before 1.4)
 * </pre>
 *
 * @param call more than 0
 * @param quiesce more than 0
 * @param silence more than 0
 */
public record MigrationTimeouts(Duration call, Duration quiesce, Duration silence) {

  private static final int HEARTBEATS = 8;
  private static final Duration MARGIN = Duration.ofSeconds(5);

  /** Returns how often a side says that it is there. */
  public Duration heartbeat() {
    return silence.dividedBy(HEARTBEATS);
  }

  /**
   * Returns how long a server may take to answer a call that moves or resets its device, or carries its state: longer than
   * the migration itself waits for the call.
   */
  public Duration exchange() {
    return quiesce.plus(call).plus(MARGIN);
  }

  /** Returns how long the other side may take nothing of what is sent to it, as long as it gives signs of life. */
  public Duration sendStall() {
    return silence.plus(call);
  }

  /** Returns how long another side may be silent that gives no signs of life while it waits for a device. */
  public Duration silenceWithoutHeartbeat() {
    return call.compareTo(silence) > 0 ? call : silence;
  }
}
