// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.util.Closeables;
import io.vfio4j.engine.util.Interrupts;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Waits until a channel is readable, writable or connected; for one thread. */
final class ChannelSelector implements Closeable {

  private final Selector selector;
  private final SelectionKey key;
  private final String peer;

  private ChannelSelector(Selector selector, SelectionKey key, String peer) {
    this.selector = selector;
    this.key = key;
    this.peer = peer;
  }

  /** Registers a non-blocking channel. */
  static ChannelSelector of(SocketChannel channel, String peer) throws IOException {
    Selector selector = Selector.open();
    try {
      return new ChannelSelector(selector, channel.register(selector, 0), peer);
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, selector);
      throw e;
    }
  }

  boolean isReady(int operation) throws IOException {
    try {
      key.interestOps(operation);
      selector.selectedKeys().clear();
      return selector.selectNow() > 0;
    } catch (CancelledKeyException | ClosedSelectorException e) {
      throw closedException(e);
    }
  }

  /** Waits for the channel to become ready; may return early, and returns false at the deadline. */
  boolean await(int operation, long deadline) throws IOException {
    Interrupts.check(); // A selector would return at once, again and again.
    long left = deadline - System.nanoTime();
    if (left <= 0) {
      return false;
    }
    try {
      key.interestOps(operation);
      selector.selectedKeys().clear();
      selector.select(left / 1_000_000 + 1);
      return true;
    } catch (CancelledKeyException | ClosedSelectorException e) {
      throw closedException(e);
    }
  }

  private IOException closedException(RuntimeException cause) {
    return new IOException("the connection to " + peer + " was closed", cause);
  }

  @Override
  public void close() throws IOException {
    selector.close();
  }
}
