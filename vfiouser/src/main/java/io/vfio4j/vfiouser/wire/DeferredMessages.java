// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Messages that came before it was their turn, in order, up to a limit. */
public final class DeferredMessages implements AutoCloseable {

  private static final long MAX_BYTES = 8L << 20;
  /** More than fit in a socket of the usual size, from a client that posts writes to registers. */
  private static final int MAX_MESSAGES = 16384;
  private static final int MAX_FDS = 256;

  private final ArrayDeque<DeferredMessage> messages = new ArrayDeque<>();
  private long bytes;
  private int fds;

  public boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Tells whether there is room for one more of that many bytes. */
  public boolean hasRoom(long size) {
    return messages.size() < MAX_MESSAGES && bytes + size <= MAX_BYTES && fds <= MAX_FDS;
  }

  /** Tells whether the descriptors of what is here are as many as may be. */
  public boolean exceedsFdLimit() {
    return fds > MAX_FDS;
  }

  public void add(DeferredMessage message) {
    messages.add(message);
    bytes += message.body().byteSize();
    fds += message.fds().count();
  }

  /** Returns the next message, which is the caller's then, or null. */
  public @Nullable DeferredMessage poll() {
    DeferredMessage message = messages.poll();
    if (message != null) {
      bytes -= message.body().byteSize();
      fds -= message.fds().count();
    }
    return message;
  }

  @Override
  public void close() {
    messages.forEach(DeferredMessage::close);
    messages.clear();
  }
}
