// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The connections between the two sides of a migration: a control connection and, if more can be opened, one for each
 * of several devices and some for memory, so that a slow device does not delay the others.
 *
 * @param control the first connection; the migration closes it
 * @param extra opens more: the source connects to the target again, the target waits for that. If empty, everything
 *     uses the control connection
 */
public record Connections(Transport control, Optional<TransportSupplier> extra) {

  /** Opens extra connections, in the thread that runs a migration. */
  @FunctionalInterface
  public interface TransportSupplier {

    /**
     * Opens the next connection.
     *
     * @param patience the timeout
     * @throws StalledException if it took longer
     * @throws IOException if it cannot be opened
     */
    Transport next(Duration patience) throws IOException;
  }

  /** Returns a single connection for everything. */
  public static Connections single(Transport control) {
    return new Connections(control, Optional.empty());
  }

  /**
   * Connects to a target; extra connections go to the same address.
   *
   * @param address the target's address
   * @param policy which peers are accepted
   * @param timeout for the first connection
   * @throws IOException as {@link TransportConnector#connect} does
   */
  public static Connections connect(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    return new Connections(TransportConnector.connect(address, policy, timeout),
        Optional.of(patience -> TransportConnector.connect(address, policy, patience)));
  }

  /**
   * Connects to a target as {@link #connect} does, and reconnects once if the connection ends before the target has sent
   * anything: a target with many pending peers evicts some.
   *
   * @param address the target's address
   * @param policy which peers are accepted
   * @param timeout for the first connection, and again for the second attempt
   * @throws IOException as {@link TransportConnector#connect} does
   */
  public static Connections connectWithRetry(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    return new Connections(TransportConnector.connectWithRetry(address, policy, timeout),
        Optional.of(patience -> TransportConnector.connect(address, policy, patience)));
  }

  /**
   * Waits for a peer whose first frame has arrived: a migration, or an ownership query. Peers that disconnect, send
   * nothing or something else are rejected meanwhile, and do not delay others. Extra connections arrive at the same
   * listener, which stays open.
   *
   * @param listener accepts the connections
   * @param timeout for the first frame
   * @throws StalledException if none arrives in time
   * @throws IOException if the listener is closed, also by another thread
   */
  public static Connections acceptOpened(TransportListener listener, Duration timeout) throws IOException {
    return new Connections(listener.acceptOpened(timeout, _ -> true),
        Optional.of(patience -> listener.acceptOpened(patience, FrameKind.JOIN::equals)));
  }

  /**
   * Waits for a connection without reading from it; extra connections arrive at the same listener, which stays open.
   *
   * @param listener accepts the connections
   * @param timeout for the first connection
   * @throws IOException as {@link TransportListener#accept} does
   */
  public static Connections accept(TransportListener listener, Duration timeout) throws IOException {
    return new Connections(listener.accept(timeout),
        Optional.of(patience -> listener.acceptOpened(patience, FrameKind.JOIN::equals)));
  }
}
