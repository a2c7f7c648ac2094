// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Messages that came before it was their turn, in order, up to a limit. */
final class Backlog implements AutoCloseable {

  private static final long MAX_BYTES = 8L << 20;
  /** More than fit in a socket of the usual size, from a client that posts writes to registers. */
  private static final int MAX_MESSAGES = 16384;
  private static final int MAX_FDS = 256;

  private final ArrayDeque<QueuedMessage> messages = new ArrayDeque<>();
  private long bytes;
  private int fds;

  boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Tells whether there is room for one more of that many bytes. */
  boolean hasRoom(long size) {
    return messages.size() < MAX_MESSAGES && bytes + size <= MAX_BYTES && fds <= MAX_FDS;
  }

  /** Tells whether the descriptors of what is here are as many as may be. */
  boolean hasTooManyFds() {
    return fds > MAX_FDS;
  }

  void add(QueuedMessage message) {
    messages.add(message);
    bytes += message.body().byteSize();
    fds += message.fds().count();
  }

  /** Returns the next message, which is the caller's then, or null. */
  @Nullable
  QueuedMessage poll() {
    QueuedMessage message = messages.poll();
    if (message != null) {
      bytes -= message.body().byteSize();
      fds -= message.fds().count();
    }
    return message;
  }

  @Override
  public void close() {
    messages.forEach(QueuedMessage::close);
    messages.clear();
  }
}
