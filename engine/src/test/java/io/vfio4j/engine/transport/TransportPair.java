// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Both ends of a connection: one that connected, and one that was accepted. */
public record TransportPair(Transport one, Transport other) implements AutoCloseable {

  /** One thread for each task: the common pool has only one on a small machine, and these tasks wait for each other. */
  public static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

  private static final Duration LONG = Duration.ofMinutes(1);

  /** Both ends have the same policy. */
  public static TransportPair over(TransportAddress address, PeerPolicy policy) throws IOException {
    return over(address, policy, policy);
  }

  static TransportPair over(TransportAddress address, PeerPolicy connecting, PeerPolicy listening)
      throws IOException {
    try (TransportListener listener = TransportListener.open(address, listening, refusal -> {
      throw new AssertionError("refused", refusal);
    })) {
      CompletableFuture<Transport> accepted = CompletableFuture.supplyAsync(asking(listener), THREADS);
      try {
        Transport one = TransportConnector.connect(listener.address(), connecting, LONG);
        return new TransportPair(one, accepted.join());
      } catch (CompletionException e) {
        throw new IOException(e);
      }
    }
  }

  private static Supplier<Transport> asking(TransportListener listener) {
    return () -> {
      try {
        return listener.accept(LONG);
      } catch (IOException e) {
        throw new CompletionException(e);
      }
    };
  }

  /** Listens without TLS. */
  public static TransportListener listener(TransportAddress.Unix address) throws IOException {
    return TransportListener.open(address, PeerPolicy.OWN_USER, refusal -> {
      throw new AssertionError("refused", refusal);
    });
  }

  /** Connects without TLS. */
  public static Transport connect(TransportAddress address) throws IOException {
    return TransportConnector.connect(address, PeerPolicy.OWN_USER, LONG);
  }

  @Override
  public void close() throws IOException {
    one.close();
    other.close();
  }
}
