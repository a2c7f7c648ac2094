// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads the target's frames while the source sends: acknowledgements of initial data, confirmations of connections,
 * failures, and signs of life. For the coordinator's thread.
 */
public final class AckReader implements TaskWaiter.Check {

  /** The answer usually arrives within a round trip, which is measured by it. */
  private static final long FIRST_PAUSE_NANOS = 20_000;

  private static final long LAST_PAUSE_NANOS = 1_000_000;

  private final StreamConnection connection;
  private final List<StreamConnection> others;
  private final BitSet initialLoaded = new BitSet();
  private final int devices;
  private final Confirmations confirmations;

  public AckReader(StreamConnection connection, List<StreamConnection> others, int devices,
      Confirmations confirmations) {
    this.connection = connection;
    this.others = others;
    this.devices = devices;
    this.confirmations = confirmations;
  }

  /** Returns whether the target has loaded the initial data of a device. */
  public boolean hasLoadedInitial(int device) {
    return initialLoaded.get(device);
  }

  @Override
  public void check() throws IOException {
    poll();
    try {
      connection.requireHeartbeat();
    } catch (StalledException e) {
      cancelOthers();
      connection.cancel();
      throw e;
    }
  }

  /** Reads what has arrived. A target that has failed reads only this connection until it is closed. */
  public void poll() throws IOException {
    try {
      readAcks();
    } catch (PeerFailedException e) {
      cancelOthers();
      throw e;
    }
  }

  /** Otherwise a thread that waits for space in one of them would do so until the stall timeout. */
  private void cancelOthers() {
    others.forEach(StreamConnection::cancel);
  }

  private void readAcks() throws IOException {
    while (connection.hasInput()) {
      FrameKind kind = connection.next(connection.timeout());
      if (!isExpected(kind)) {
        throw connection.unexpected(kind, "while it was sent data");
      }
    }
  }

  /**
   * Reads until the target has confirmed everything that was requested.
   *
   * @param patience the timeout, in real time
   * @return whether it has
   */
  public boolean awaitConfirmed(Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    long pause = FIRST_PAUSE_NANOS;
    while (!confirmations.isComplete()) {
      if (System.nanoTime() - end >= 0) {
        return false;
      }
      LockSupport.parkNanos(this, pause);
      Interrupts.check();
      check();
      pause = Math.min(2 * pause, LAST_PAUSE_NANOS);
    }
    return true;
  }

  /**
   * Waits for a frame of one kind, reading acknowledgements that precede it.
   *
   * @param limit the timeout, even if the target is alive
   * @return whether it arrived within the limit
   * @throws StalledException if the target is silent for too long
   */
  public boolean expect(FrameKind wanted, Duration limit) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      boolean endsBefore = left.compareTo(connection.timeout()) < 0;
      try {
        FrameKind kind = connection.next(endsBefore ? positive(left) : connection.timeout());
        if (kind == wanted) {
          return true;
        }
        if (!isExpected(kind)) {
          throw connection.unexpected(kind, "instead of " + wanted);
        }
      } catch (StalledException e) {
        if (!endsBefore) {
          throw e;
        }
        return false;
      }
      if (!left.isPositive()) {
        return false;
      }
    }
  }

  /** A frame that has arrived already is read in any case. */
  private static Duration positive(Duration left) {
    return left.isPositive() ? left : Duration.ofNanos(1);
  }

  private boolean isExpected(FrameKind kind) {
    return (kind == FrameKind.ALIVE && connection.peerSendsHeartbeats()) || isAcknowledgement(kind);
  }

  private boolean isAcknowledgement(FrameKind kind) {
    int device = connection.in().device();
    if (kind == FrameKind.SYNCED) {
      return confirmations.confirm(device); // SYNCED has the connection in place of the device.
    }
    if (kind != FrameKind.INITIAL_LOADED || device >= devices) {
      return false;
    }
    initialLoaded.set(device);
    return true;
  }
}
