// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The source's ear for the target while it sends: hears which devices have loaded their initial data, which connections are
 * confirmed, complaints, and that it is there at all.
 */
final class Control implements Waiting.Look {

  /** What is waited for comes within a round trip mostly, which is measured by it. */
  private static final long FIRST_PAUSE_NANOS = 20_000;

  private static final long LAST_PAUSE_NANOS = 1_000_000;

  private final Link link;
  private final List<Link> others;
  private final BitSet loaded = new BitSet();
  private final int devices;
  private final Confirmations confirmations;

  Control(Link link, List<Link> others, int devices, Confirmations confirmations) {
    this.link = link;
    this.others = others;
    this.devices = devices;
    this.confirmations = confirmations;
  }

  /** Tells whether the target has loaded the initial data of a device. */
  boolean hasLoadedInitial(int device) {
    return loaded.get(device);
  }

  @Override
  public void look() throws IOException {
    hear();
    try {
      link.requireSignOfLife();
    } catch (StalledException e) {
      callOff();
      link.callOff();
      throw e;
    }
  }

  /** Takes what has come in. A target that has failed reads what it says here, and nothing that comes elsewhere. */
  void hear() throws IOException {
    try {
      take();
    } catch (PeerFailedException e) {
      callOff();
      throw e;
    }
  }

  /** Else who waits for room in one of them does so until it takes it for stalled. */
  private void callOff() {
    others.forEach(Link::callOff);
  }

  private void take() throws IOException {
    while (link.hasInput()) {
      FrameKind kind = link.next(link.stall());
      if (!isExpected(kind)) {
        throw link.unexpected(kind, "while it was sent data");
      }
    }
  }

  /**
   * Looks after all connections until the target has confirmed all that it was asked to.
   *
   * @param patience how long, in the time of the machine
   * @return whether it has
   */
  boolean awaitConfirmed(Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    long pause = FIRST_PAUSE_NANOS;
    while (!confirmations.areComplete()) {
      if (System.nanoTime() - end >= 0) {
        return false;
      }
      LockSupport.parkNanos(this, pause);
      Interrupted.check();
      look();
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
  boolean expect(FrameKind wanted, Duration limit) throws IOException {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      boolean endsBefore = left.compareTo(link.stall()) < 0;
      try {
        FrameKind kind = link.next(endsBefore ? atLeastAMoment(left) : link.stall());
        if (kind == wanted) {
          return true;
        }
        if (!isExpected(kind)) {
          throw link.unexpected(kind, "instead of " + wanted);
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
  private static Duration atLeastAMoment(Duration left) {
    return left.isPositive() ? left : Duration.ofNanos(1);
  }

  private boolean isExpected(FrameKind kind) {
    return (kind == FrameKind.ALIVE && link.peerGivesSigns()) || isAcknowledgement(kind);
  }

  private boolean isAcknowledgement(FrameKind kind) {
    int device = link.in().device();
    if (kind == FrameKind.SYNCED) {
      return confirmations.confirm(device); // In the place of a device it has the connection.
    }
    if (kind != FrameKind.INITIAL_LOADED || device >= devices) {
      return false;
    }
    loaded.set(device);
    return true;
  }
}
