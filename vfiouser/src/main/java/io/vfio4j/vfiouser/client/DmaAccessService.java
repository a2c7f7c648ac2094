// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.client.memory.DmaAccessHandler;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.Threads;
import org.jspecify.annotations.Nullable;

/**
 * Serves the client's memory to the server on a client's channel: DMA_READ and DMA_WRITE.
 *
 * <p>
 * On a single socket the thread that has the channel serves commands that arrive before its reply; between
 * exchanges the thread {@code vfio-user-dma} does, from {@link #start} on. With a twin socket,
 * {@link TwinDmaAccessServer} serves them in its own thread instead.
 */
final class DmaAccessService implements AutoCloseable {

  private final ClientChannel channel;
  private final ClientMemory memory;
  private final ClientOptions options;
  private final MessageTransport transport;
  private final MessageReader reader;

  /** The fields from here on are guarded by the channel's lock. */
  private int maxDataXferSize;
  private @Nullable DmaAccessHandler handler;
  private @Nullable Thread thread;
  private @Nullable TwinDmaAccessServer twin;
  private boolean twinStarted;

  DmaAccessService(ClientChannel channel, ClientMemory memory, ClientOptions options) {
    this.channel = channel;
    this.memory = memory;
    this.options = options;
    transport = channel.transport();
    reader = channel.reader();
    maxDataXferSize = options.limits().maxDataXferSize();
  }

  void setMaxDataXferSize(int bytes) {
    maxDataXferSize = bytes;
  }

  /** As {@link ClientChannel#useTwin}. */
  void useTwin(Fd fd) throws LinuxException {
    twin = new TwinDmaAccessServer(fd, memory, maxDataXferSize, options, channel::fail);
  }

  boolean hasTwin() {
    return twin != null;
  }

  /** Starts the thread, unless it runs. The caller holds the channel's lock. */
  void start() {
    if (twin != null) {
      if (!twinStarted) {
        twinStarted = true;
        twin.start();
      }
    } else if (thread == null) {
      thread = Thread.ofPlatform().name("vfio-user-dma").daemon().start(this::serveWhileIdle);
    }
  }

  private void serveWhileIdle() {
    try {
      while (true) {
        transport.awaitReadable(-1);
        channel.lockUnchecked();
        channel.watchdog().begin();
        try {
          if (!channel.isOpen() || !serveIfReadable()) {
            return;
          }
        } finally {
          channel.watchdog().end();
          channel.unlock();
        }
      }
    } catch (LinuxException | ProtocolException e) {
      channel.fail(e);
    }
  }

  /** Serves a command if one has arrived. Returns false at the end of the connection. */
  private boolean serveIfReadable() throws LinuxException, ProtocolException {
    if (!reader.hasBuffered() && !transport.awaitReadable(0)) {
      return true;
    }
    if (!serveNext()) {
      return false;
    }
    serveBuffered();
    return true;
  }

  /**
   * Serves commands that have arrived, if the thread runs. A client that posts without pause keeps the
   * channel locked against the thread, and the server cannot defer messages without limit while it waits for
   * a reply.
   */
  void servePending() throws LinuxException, ProtocolException {
    if (thread == null) {
      return;
    }
    if (reader.hasBuffered() || (transport.awaitWritable(true, 0) & MessageTransport.READABLE) != 0) {
      if (!serveNext()) {
        throw new ProtocolException("the server closed the connection", Errno.ECONNRESET);
      }
      serveBuffered();
    }
  }

  /**
   * Serves commands that arrived together with a reply: the socket is not readable because of them any more.
   */
  void serveBuffered() throws LinuxException, ProtocolException {
    reader.skipRest();
    while (reader.hasBuffered()) {
      serveNext();
    }
  }

  /** Serves the next command. Returns false at the end of the connection. */
  private boolean serveNext() throws LinuxException, ProtocolException {
    if (!reader.next(false)) {
      return false;
    }
    handleCommand();
    return true;
  }

  /** Handles the reader's current message, a command. */
  void handleCommand() throws LinuxException, ProtocolException {
    if (handler == null) {
      handler = new DmaAccessHandler(memory, reader, channel.sender(), maxDataXferSize, channel.arena());
    }
    handler.handleCommand();
  }

  /** Ends the threads and waits for them. The channel has been closed, so that none starts any more. */
  @Override
  public void close() {
    if (thread != null) {
      Threads.joinUninterruptibly(thread);
    }
    if (twin != null) {
      twin.close();
    }
    if (handler != null) {
      handler.close();
    }
  }
}
