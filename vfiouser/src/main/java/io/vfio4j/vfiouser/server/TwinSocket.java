// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.wire.MessageChannel;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The second socket, which carries the server's commands. Holds the client's end until it was sent. */
final class TwinSocket implements AutoCloseable {

  private final MessageTransport transport;
  private final MessageChannel channel;
  /** The client's end, until it was sent. */
  private final @Nullable UnixSocket client;
  private final UnixSocket server;

  /**
   * Creates the pair of sockets.
   *
   * @param main the transport of the connection
   */
  TwinSocket(MessageTransport main, ServerOptions options, Arena memory) throws LinuxException {
    this(UnixSocket.pair(), main, options, memory);
  }

  private TwinSocket(UnixSocket.Pair pair, MessageTransport main, ServerOptions options, Arena memory)
      throws LinuxException {
    this(pair.one(), pair.other(), main, options, memory);
  }

  /**
   * Continues a twin socket that another server has opened.
   *
   * @param server the server's end, owned by this object even if this fails
   */
  TwinSocket(UnixSocket server, MessageTransport main, ServerOptions options, Arena memory)
      throws LinuxException {
    this(server, null, main, options, memory);
  }

  private TwinSocket(UnixSocket server, @Nullable UnixSocket client, MessageTransport main,
      ServerOptions options,
      Arena memory) throws LinuxException {
    this.server = server;
    this.client = client;
    try {
      Duration timeout = options.stallTimeout();
      transport = main.wrapTwin(
          SocketTransport.withTimeout(server, timeout, options.busyPoll(), options.socketBuffer()));
      MessageReader reader = new MessageReader(transport, timeout, memory);
      channel = new MessageChannel(reader, new MessageSender(transport, reader, timeout));
    } catch (LinuxException | RuntimeException e) {
      server.close();
      closeClientEnd();
      throw e;
    }
  }

  MessageChannel channel() {
    return channel;
  }

  /** Returns the client's end. */
  Fd clientFd() {
    return Objects.requireNonNull(client, "the client has its end").fd();
  }

  /** Returns the server's end, which stays this object's. */
  Fd serverFd() {
    return server.fd();
  }

  /** Closes the client's end after it was sent. */
  void closeClientEnd() {
    if (client != null) {
      client.close();
    }
  }

  /** Ends a wait for the client. From any thread. */
  void shutdown() {
    transport.shutdown();
  }

  @Override
  public void close() {
    closeClientEnd();
    channel.reader().close();
    transport.close();
  }
}
