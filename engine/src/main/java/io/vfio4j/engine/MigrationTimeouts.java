// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * The timeouts of a migration. Three of them are options; the others follow from these, so that no timeout expires before
 * an operation that another one permits.
 *
 * <pre>
 * call      a call to a device (--arc-timeout)
 * quiesce   the devices' transition to their P2P states, in which they still run (--max-quiesce)
 * silence   no sign of life from the other side
 *
 * heartbeat = silence / 8           interval between ALIVE frames of a side that sends nothing else, also during a
 *                                   device call
 * exchange  = quiesce + call + 5 s  a vfio-user server's reply to such a call: longer than the engine's own timeout,
 *                                   which is the one that can say what timed out
 * room      = silence + call        no byte taken by the other side: a device that is being loaded takes none
 * mute      = max(silence, call)    replaces silence for peers that send no ALIVE during a device call (streams
 *                                   before 1.4)
 * </pre>
 *
 * @param call more than 0
 * @param quiesce more than 0
 * @param silence more than 0
 */
public record MigrationTimeouts(Duration call, Duration quiesce, Duration silence) {

  private static final int HEARTBEATS = 8;
  private static final Duration MARGIN = Duration.ofSeconds(5);

  /** Returns the interval between ALIVE frames of a side that sends nothing else. */
  public Duration heartbeat() {
    return silence.dividedBy(HEARTBEATS);
  }

  /**
   * Returns how long a vfio-user server may take to answer a request that moves or resets its device, or
   * carries its state: longer than the migration itself waits.
   */
  public Duration exchange() {
    return quiesce.plus(call).plus(MARGIN);
  }

  /** Returns how long the other side may take no bytes while it sends signs of life. */
  public Duration sendStall() {
    return silence.plus(call);
  }

  /** Returns how long a peer may be silent that sends no signs of life while it waits for a device. */
  public Duration silenceWithoutHeartbeat() {
    return call.compareTo(silence) > 0 ? call : silence;
  }
}
