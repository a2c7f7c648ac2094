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
 * The source's ear for the target while it sends: hears which devices have loaded their initial data, which connections are
 * confirmed, complaints, and that it is there at all.
 */
public final class AckReader implements TaskWaiter.Check {

  /** What is waited for comes within a round trip mostly, which is measured by it. */
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

  /** Tells whether the target has loaded the initial data of a device. */
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

  /** Takes what has come in. A target that has failed reads what it says here, and nothing that comes elsewhere. */
  public void poll() throws IOException {
    try {
      readAcks();
    } catch (PeerFailedException e) {
      cancelOthers();
      throw e;
    }
  }

  /** Else who waits for room in one of them does so until it takes it for stalled. */
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
   * Looks after all connections until the target has confirmed all that it was asked to.
   *
   * @param patience how long, in the time of the machine
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
   * Waits for a frame of one kind, whatever was acknowledged before: a device may have begun anew several times.
   *
   * @param limit how long, though the target is alive
   * @return whether it came within the limit
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

  /** What is there already is taken in any case. */
  private static Duration positive(Duration left) {
    return left.isPositive() ? left : Duration.ofNanos(1);
  }

  private boolean isExpected(FrameKind kind) {
    return (kind == FrameKind.ALIVE && connection.peerSendsHeartbeats()) || isAcknowledgement(kind);
  }

  private boolean isAcknowledgement(FrameKind kind) {
    int device = connection.in().device();
    if (kind == FrameKind.SYNCED) {
      return confirmations.confirm(device); // In the place of a device it has the connection.
    }
    if (kind != FrameKind.INITIAL_LOADED || device >= devices) {
      return false;
    }
    initialLoaded.set(device);
    return true;
  }
}
