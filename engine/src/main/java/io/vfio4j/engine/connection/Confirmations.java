// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameWriter;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Which connections the target has still to confirm: that it has loaded all that was sent over them. Who sends over a
 * connection asks for it after what it sent, in any thread; the coordinator takes the answers.
 *
 * <p>
 * With a target that does not know the question nothing is asked, and nothing is ever outstanding.
 */
public final class Confirmations {

  private final boolean supported;
  private final AtomicIntegerArray outstanding;

  /**
   * Makes one of which nothing is outstanding.
   *
   * @param connections how many there are, the first included
   * @param known whether the target answers
   */
  public Confirmations(int connections, boolean known) {
    this.supported = known;
    this.outstanding = new AtomicIntegerArray(connections);
  }

  public boolean isSupported() {
    return supported;
  }

  /**
   * Asks the target, if it answers, to confirm what was sent over a connection up to now.
   *
   * @param connection 0 for the first, and from 1 the others in their order
   * @param out the connection's
   */
  public void request(int connection, FrameWriter out) throws IOException {
    if (supported) {
      outstanding.incrementAndGet(connection); // First: the answer may come before the send returns.
      out.send(FrameKind.SYNC);
    }
  }

  /** Takes an answer; returns whether it was asked for. */
  boolean confirm(int connection) {
    if (connection >= outstanding.length() || outstanding.get(connection) == 0) {
      return false;
    }
    outstanding.decrementAndGet(connection);
    return true;
  }

  public boolean isComplete() {
    for (int i = 0; i < outstanding.length(); i++) {
      if (outstanding.get(i) > 0) {
        return false;
      }
    }
    return true;
  }
}
