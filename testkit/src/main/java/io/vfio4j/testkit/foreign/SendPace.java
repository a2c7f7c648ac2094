// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.time.Duration;

/**
 * How a peer sends a message.
 *
 * @param pieces the number of pieces of a body; a header is then sent in two
 * @param pause the delay before each piece
 */
record SendPace(int pieces, Duration pause) {

  static final SendPace FAST = new SendPace(1, Duration.ZERO);

  /** Slow enough for each piece to be received separately, fast enough for tests. */
  static final SendPace SLOW = new SendPace(4, Duration.ofNanos(100_000));
}
