// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;

/**
 * The source's ear for the target while it sends: hears which devices have loaded their initial data, and complaints;
 * and keeps connections alive on which nothing happens.
 */
final class Control implements Waiting.Look {

  private final Link link;
  private final List<Link> others;
  private final BitSet loaded = new BitSet();
  private final int devices;

  Control(Link link, List<Link> others, int devices) {
    this.link = link;
    this.others = others;
    this.devices = devices;
  }

  /** Tells whether the target has loaded the initial data of a device. */
  boolean hasLoadedInitial(int device) {
    return loaded.get(device);
  }

  @Override
  public void look() throws IOException {
    hear();
    link.keepAlive();
    for (Link other : others) {
      other.keepAlive();
    }
  }

  /** Takes what has come in. A target that has failed reads what it says here, and nothing that comes elsewhere. */
  void hear() throws IOException {
    try {
      take();
    } catch (PeerFailedException e) {
      others.forEach(Link::callOff); // Else who waits for room in one of them does so until it takes it for stalled.
      throw e;
    }
  }

  private void take() throws IOException {
    while (link.hasInput()) {
      FrameKind kind = link.await(link.stall());
      if (!isAcknowledgement(kind)) {
        throw link.unexpected(kind, "while it was sent data");
      }
    }
  }

  /** Waits for a frame of one kind, whatever was acknowledged before: a device may have begun anew several times. */
  void expect(FrameKind wanted, Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    FrameKind kind = link.await(patience);
    while (isAcknowledgement(kind)) {
      kind = link.await(Duration.ofNanos(Math.max(1, end - System.nanoTime())));
    }
    if (kind != wanted) {
      throw link.unexpected(kind, "instead of " + wanted);
    }
  }

  private boolean isAcknowledgement(FrameKind kind) {
    int device = link.in().device();
    if (kind != FrameKind.INITIAL_LOADED || device >= devices) {
      return false;
    }
    loaded.set(device);
    return true;
  }
}
