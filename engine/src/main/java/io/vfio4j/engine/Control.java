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
  private boolean answerIsDue;

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

  /** All streams have ended: the next thing that comes is the target's answer to that, which {@link #expect} takes. */
  void ended() {
    answerIsDue = true;
  }

  /** Takes what has come in, unless it may be the answer that is due. */
  void hear() throws IOException {
    while (!answerIsDue && link.hasInput()) {
      FrameKind kind = link.await(link.stall());
      if (!isAcknowledgement(kind)) {
        throw link.unexpected(kind, "while it was sent data");
      }
    }
  }

  /** Waits for a frame of one kind, whatever was acknowledged before. */
  void expect(FrameKind wanted, Duration patience) throws IOException {
    answerIsDue = false;
    FrameKind kind = link.await(patience);
    for (int left = devices; left > 0 && isAcknowledgement(kind); left--) {
      kind = link.await(patience);
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
