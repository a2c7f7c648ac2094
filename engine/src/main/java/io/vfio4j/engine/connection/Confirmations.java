// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameWriter;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The SYNC frames that the target has not answered yet, for each connection. A sending thread requests a confirmation after
 * its data; the coordinator reads the answers. The counters are atomic.
 *
 * <p>
 * If the target does not support SYNC, nothing is requested, and nothing is ever outstanding.
 */
public final class Confirmations {

  private final boolean supported;
  private final AtomicIntegerArray outstanding;

  /**
   * Starts with nothing outstanding.
   *
   * @param connections the number of connections, including the first
   * @param supported whether the target answers
   */
  public Confirmations(int connections, boolean supported) {
    this.supported = supported;
    this.outstanding = new AtomicIntegerArray(connections);
  }

  public boolean isSupported() {
    return supported;
  }

  /**
   * Requests that the target confirms what has been sent over a connection so far, if it supports that.
   *
   * @param connection 0 for the first, and from 1 the extra connections in order
   * @param out the writer of the connection
   */
  public void request(int connection, FrameWriter out) throws IOException {
    if (supported) {
      outstanding.incrementAndGet(connection); // Before the send: the answer may arrive before it returns.
      out.send(FrameKind.SYNC);
    }
  }

  /** Records an answer; returns whether it was requested. */
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
