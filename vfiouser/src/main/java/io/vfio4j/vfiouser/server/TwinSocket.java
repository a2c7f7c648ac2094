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

/** The second socket, which carries the server's commands. Holds the client's end until it was sent. */
final class TwinSocket implements AutoCloseable {

  private final MessageTransport transport;
  private final MessageChannel channel;
  private final UnixSocket client;

  /**
   * Creates the pair of sockets.
   *
   * @param main the transport of the connection
   */
  TwinSocket(MessageTransport main, ServerOptions options, Arena memory) throws LinuxException {
    UnixSocket.Pair pair = UnixSocket.pair();
    client = pair.other();
    try {
      Duration timeout = options.stallTimeout();
      transport = main.wrapTwin(
          SocketTransport.withTimeout(pair.one(), timeout, options.busyPoll(), options.socketBuffer()));
      MessageReader reader = new MessageReader(transport, timeout, memory);
      channel = new MessageChannel(reader, new MessageSender(transport, reader, timeout));
    } catch (LinuxException | RuntimeException e) {
      pair.one().close();
      client.close();
      throw e;
    }
  }

  MessageChannel channel() {
    return channel;
  }

  /** Returns the client's end. */
  Fd clientFd() {
    return client.fd();
  }

  /** Closes the client's end after it was sent. */
  void closeClientEnd() {
    client.close();
  }

  /** Ends a wait for the client. From any thread. */
  void shutdown() {
    transport.shutdown();
  }

  @Override
  public void close() {
    client.close();
    channel.reader().close();
    transport.close();
  }
}
