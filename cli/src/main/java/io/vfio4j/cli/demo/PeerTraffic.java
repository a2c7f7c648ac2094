// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What one device writes to another's memory, which is a part of that one's state, and goes on with at the target.
 *
 * <p>
 * A write that comes to a device which has been stopped and saved is lost: it is in the memory of the source, and the
 * target does not have it. So what is due in both memories is followed from the moments when devices stop and start.
 */
final class PeerTraffic {

  private static final long NOT_SEEN = -1;

  private final String name;
  private final GuestDevice source;
  private final TrafficSlots atSource;
  private final TrafficSlots atTarget;
  private final TrafficSlots atStart;
  private long seen;
  private long receiverStopped = NOT_SEEN;
  private long written = NOT_SEEN;
  private boolean started;

  /**
   * Makes one.
   *
   * @param source the device that writes, at the source
   * @param atSource where it writes to at the source
   * @param atTarget where it writes to at the target
   */
  PeerTraffic(String name, GuestDevice source, TrafficSlots atSource, TrafficSlots atTarget) {
    this.name = name;
    this.source = source;
    this.atSource = atSource;
    this.atTarget = atTarget;
    this.atStart = atTarget.newSnapshot();
  }

  /** A migration begins; short is the way from here to the newest write. */
  void onMigrationStart() throws IOException {
    seen = source.peerTrafficCount();
    receiverStopped = NOT_SEEN;
    written = NOT_SEEN;
    started = false;
  }

  /** At the source, who is written to stands still. */
  void onReceiverStopped() {
    receiverStopped = atSource.newest(seen);
  }

  /** At the source, who writes stands still. */
  void onWriterStopped() throws IOException {
    written = source.peerTrafficCount();
  }

  /** At the target, who is written to is about to start; all has been loaded. */
  void onReceiverStarting() {
    atStart.copyFrom(atTarget);
    started = true;
  }

  /**
   * Tells whether every write came, once, and none to a device that stood still.
   *
   * @param last the number of the last write, made at the target
   */
  DemoCheck check(long last) {
    String wrong = String.join("; ", mismatches(last));
    return wrong.isEmpty()
        ? DemoCheck.passed(name, String.format(Locale.ROOT,
            "%,d writes without a gap or a repetition, none while it stood still; the first at the target is %,d",
            last, written + 1))
        : DemoCheck.failed(name, wrong);
  }

  private List<String> mismatches(long last) {
    if (receiverStopped == NOT_SEEN || written == NOT_SEEN || !started) {
      return List.of("the devices were never seen stopped");
    }
    List<String> wrong = new ArrayList<>();
    if (last == written) {
      wrong.add("it did not go on at the target");
    }
    atSource.firstMismatch(receiverStopped)
        .ifPresent(text -> wrong.add("at the source, when it had been stopped: " + text));
    atStart.firstMismatch(written).ifPresent(text -> wrong.add("at the target, as it was loaded: " + text));
    atTarget.firstMismatch(last).ifPresent(text -> wrong.add("at the target, in the end: " + text));
    return wrong;
  }
}
