// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Two ends of a transport: one connected, the other was listened for. */
public record TransportPair(Transport one, Transport other) implements AutoCloseable {

  /** A thread for each: the JDK's own pool has but one on a small machine, and each of these waits for others. */
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

  /** Begins to listen where no TLS is needed. */
  public static TransportListener listener(TransportAddress.Unix address) throws IOException {
    return TransportListener.open(address, PeerPolicy.OWN_USER, refusal -> {
      throw new AssertionError("refused", refusal);
    });
  }

  /** Connects where no TLS is needed. */
  public static Transport connect(TransportAddress address) throws IOException {
    return TransportConnector.connect(address, PeerPolicy.OWN_USER, LONG);
  }

  @Override
  public void close() throws IOException {
    one.close();
    other.close();
  }
}
