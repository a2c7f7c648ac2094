// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Both ends of a connection.
 *
 * @param ours the connecting end
 * @param theirs the accepting end
 */
public record ConnectedPair(Transport ours, Transport theirs) {

  static final Duration TIMEOUT = Duration.ofMinutes(1);

  /** Connects without TLS, also over TCP, which vfio4j itself never does. */
  public static ConnectedPair inTheClear(TransportAddress address) throws IOException {
    boolean isUnix = address instanceof TransportAddress.Unix;
    try (ServerSocketChannel server =
        isUnix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open()) {
      server.bind(address.resolve());
      TransportAddress bound = address instanceof TransportAddress.Tcp tcp
          ? new TransportAddress.Tcp(tcp.host(), server.socket().getLocalPort())
          : address;
      NonBlockingSocket ours = NonBlockingSocket.connect(bound, TIMEOUT);
      return new ConnectedPair(ours,
          NonBlockingSocket.over(server.accept(), "us"));
    } finally {
      if (address instanceof TransportAddress.Unix unix) {
        Files.deleteIfExists(unix.path());
      }
    }
  }

  /** Connects with TLS, as vfio4j does. */
  public static ConnectedPair overTls(TransportAddress.Tcp address, TlsKeys keys) throws IOException {
    PeerPolicy policy = PeerPolicy.OWN_USER.withKeys(keys);
    try (TransportListener listener = TransportListener.open(address, policy, refusal -> {
      throw new IllegalStateException(refusal);
    })) {
      CompletableFuture<Transport> theirs = CompletableFuture.supplyAsync(() -> {
        try {
          return listener.accept(TIMEOUT);
        } catch (IOException e) {
          throw new CompletionException(e);
        }
      });
      return new ConnectedPair(TransportConnector.connect(listener.address(), policy, TIMEOUT),
          theirs.join());
    }
  }
}
