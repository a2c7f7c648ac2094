// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.Threads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.Consumer;

/** Serves the client's memory on the second socket, by a thread of its own, whatever the client does on the first. */
final class TwinDmaAccessServer implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final MessageTransport transport;
  private final MessageReader reader;
  private final DmaAccessHandler server;
  private final Consumer<IOException> onFailure;
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-twin").daemon().unstarted(this::serve);

  /**
   * Makes a server, whose thread begins with {@link #start}.
   *
   * @param fd the client's end of the second socket, which is closed with this object, or if this fails
   * @param maxDataXferSize bytes of data in a message, as agreed on
   * @param onFailure takes the reason why it ended before its time, on its thread
   * @throws LinuxException ENOTSOCK, EPROTOTYPE if it is no such socket
   */
  TwinDmaAccessServer(Fd fd, ClientMemory memory, int maxDataXferSize, ClientOptions options,
      Consumer<IOException> onFailure) throws LinuxException {
    this.onFailure = onFailure;
    transport = transport(fd, options);
    reader = new MessageReader(transport, options.timeout(), arena);
    server = new DmaAccessHandler(memory, reader, new MessageSender(transport, reader, options.timeout()),
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
        server.handleCommand();
      }
    } catch (LinuxException | ProtocolException e) {
      onFailure.accept(e);
    }
  }

  /** Ends the service, and waits for its end. */
  @Override
  public void close() {
    transport.shutdown();
    Threads.joinUninterruptibly(thread);
    server.close();
    reader.close();
    transport.close();
    arena.close();
  }
}
