// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server that accepts connections and never replies. */
public final class SilentServer implements AutoCloseable {

  private final ServerSocketChannel server;
  private final Queue<SocketChannel> clients = new ConcurrentLinkedQueue<>();
  private final CountDownLatch connected = new CountDownLatch(1);

  private SilentServer(ServerSocketChannel server) {
    this.server = server;
  }

  public static SilentServer at(Path socket) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    SilentServer silent = new SilentServer(server);
    Thread.ofPlatform().name("silent-server").daemon().start(silent::accept);
    return silent;
  }

  private void accept() {
    try {
      while (true) {
        clients.add(server.accept());
        connected.countDown();
      }
    } catch (ClosedChannelException e) {
      // The test has ended.
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public void awaitClient() throws InterruptedException {
    if (!connected.await(CommandProcesses.TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new AssertionError("no client connected");
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (SocketChannel client : clients) {
      client.close();
    }
  }
}
