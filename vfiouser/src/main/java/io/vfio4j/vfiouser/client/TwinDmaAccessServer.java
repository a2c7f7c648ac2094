// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.client.memory.DmaAccessHandler;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.Threads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.Consumer;

/**
 * Serves the client's memory on the twin socket, in its own thread, independently of the client's exchanges.
 */
final class TwinDmaAccessServer implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final MessageTransport transport;
  private final MessageReader reader;
  private final DmaAccessHandler handler;
  private final Consumer<IOException> onFailure;
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-twin-dma").daemon().unstarted(this::serve);

  /**
   * Makes a server. Its thread starts with {@link #start}.
   *
   * @param fd the client's end of the twin socket, which is closed with this object, or if this fails
   * @param maxDataXferSize bytes of data in a message, as negotiated
   * @param onFailure receives the error that ended the thread, in that thread
   * @throws LinuxException ENOTSOCK, EPROTOTYPE if it is not a UNIX stream socket
   */
  TwinDmaAccessServer(Fd fd, ClientMemory memory, int maxDataXferSize, ClientOptions options,
      Consumer<IOException> onFailure) throws LinuxException {
    this.onFailure = onFailure;
    transport = transport(fd, options);
    reader = new MessageReader(transport, options.timeout(), arena);
    handler = new DmaAccessHandler(memory, reader, new MessageSender(transport, reader, options.timeout()),
        maxDataXferSize, arena);
  }

  private MessageTransport transport(Fd fd, ClientOptions options) throws LinuxException {
    try {
      UnixSocket socket = UnixSocket.of(fd);
      try {
        return SocketTransport.withTimeout(socket, options.timeout(), options.busyPoll(),
            options.socketBuffer());
      } catch (LinuxException e) {
        socket.close();
        throw e;
      }
    } catch (LinuxException e) {
      arena.close();
      throw e;
    }
  }

  void start() {
    thread.start();
  }

  private void serve() {
    try {
      while (reader.next(true)) {
        handler.handleCommand();
      }
    } catch (LinuxException | ProtocolException e) {
      onFailure.accept(e);
    }
  }

  /** Ends the thread and waits for it. */
  @Override
  public void close() {
    transport.shutdown();
    Threads.joinUninterruptibly(thread);
    handler.close();
    reader.close();
    transport.close();
    arena.close();
  }
}
