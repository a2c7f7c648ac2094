// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The way between the two sides of a migration: one transport to talk, and, where more can be had, one for each of
 * several devices and for memory, so that a slow device does not hold up the others.
 *
 * @param control to talk; a migration closes it
 * @param extra makes more of them: at the source by connecting to the target once more, at the target by waiting
 *     for that. Where there is none, everything takes the one transport
 */
public record Connections(Transport control, Optional<TransportSupplier> extra) {

  /** Makes further transports, in a thread that runs a migration. */
  @FunctionalInterface
  public interface TransportSupplier {

    /**
     * Makes one.
     *
     * @param patience how long it may take
     * @throws StalledException if it took longer
     * @throws IOException if there is none to be had
     */
    Transport next(Duration patience) throws IOException;
  }

  /** Returns a single transport for everything. */
  public static Connections single(Transport control) {
    return new Connections(control, Optional.empty());
  }

  /**
   * Connects to a target; further connections go to the same address.
   *
   * @param address where somebody listens
   * @param policy who may be there
   * @param timeout how long to wait for the first connection
   * @throws IOException as {@link TransportConnector#connect} does
   */
  public static Connections connect(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    return new Connections(TransportConnector.connect(address, policy, timeout),
        Optional.of(patience -> TransportConnector.connect(address, policy, patience)));
  }

  /**
   * Connects to a target as {@link #connect} does, and once more if the connection goes before the target has sent
   * anything: a target to which many connect closes some connections.
   *
   * @param address where somebody listens
   * @param policy who may be there
   * @param timeout how long to wait for the first connection, each time
   * @throws IOException as {@link TransportConnector#connect} does
   */
  public static Connections connectWithRetry(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    return new Connections(TransportConnector.connectWithRetry(address, policy, timeout),
        Optional.of(patience -> TransportConnector.connect(address, policy, patience)));
  }

  /**
   * Waits for a peer whose first frame has come: a source, or one that asks. Peers that leave, send nothing or something
   * else are refused meanwhile, and delay no other. Further connections come to the same listener, which stays open.
   *
   * @param listener where to wait
   * @param timeout how long to wait for the first frame
   * @throws StalledException if none comes in time
   * @throws IOException if the listener is closed, also by another thread
   */
  public static Connections acceptOpened(TransportListener listener, Duration timeout) throws IOException {
    return new Connections(listener.acceptOpened(timeout, _ -> true),
        Optional.of(patience -> listener.acceptOpened(patience, FrameKind.JOIN::equals)));
  }

  /**
   * Waits for a connection, whatever is sent on it; further connections come to the same listener, which stays open.
   *
   * @param listener where to wait
   * @param timeout how long to wait for the first connection
   * @throws IOException as {@link TransportListener#accept} does
   */
  public static Connections accept(TransportListener listener, Duration timeout) throws IOException {
    return new Connections(listener.accept(timeout),
        Optional.of(patience -> listener.acceptOpened(patience, FrameKind.JOIN::equals)));
  }
}
