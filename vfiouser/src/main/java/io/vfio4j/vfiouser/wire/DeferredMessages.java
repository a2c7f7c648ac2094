// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A queue of messages that were received before they could be handled, with a limit. */
public final class DeferredMessages implements AutoCloseable {

  private static final long MAX_BYTES = 8L << 20;
  /** More than fit in a socket buffer of the default size, for a client that posts register writes. */
  private static final int MAX_MESSAGES = 16384;
  private static final int MAX_FDS = 256;

  private final ArrayDeque<DeferredMessage> messages = new ArrayDeque<>();
  private long bytes;
  private int fds;

  public boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Returns whether there is room for a message with a body of that size. */
  public boolean hasRoom(long size) {
    return messages.size() < MAX_MESSAGES && bytes + size <= MAX_BYTES && fds <= MAX_FDS;
  }

  /** Returns whether the messages have too many descriptors. */
  public boolean exceedsFdLimit() {
    return fds > MAX_FDS;
  }

  public void add(DeferredMessage message) {
    messages.add(message);
    bytes += message.body().byteSize();
    fds += message.fds().count();
  }

  /** Removes the next message, which the caller then owns; null if there is none. */
  public @Nullable DeferredMessage poll() {
    DeferredMessage message = messages.poll();
    if (message != null) {
      bytes -= message.body().byteSize();
      fds -= message.fds().count();
    }
    return message;
  }

  /** Returns all messages, in order; they stay in the queue. */
  public List<UnreadBytes> unread() {
    return messages.stream().map(DeferredMessage::unread).toList();
  }

  @Override
  public void close() {
    messages.forEach(DeferredMessage::close);
    messages.clear();
  }
}
