// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The writes of one device (the writer) to the memory of another (the receiver), which is part of the receiver's state.
 *
 * <p>
 * A write to a receiver that has been stopped and saved would be lost: it would be in the memory of the source only. So the
 * content of both memories is recorded when the receiver stops, when the writer stops, and before the receiver starts at
 * the target.
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
   * Creates a check of the writes.
   *
   * @param source the writer at the source
   * @param atSource the receiver's slots at the source
   * @param atTarget the receiver's slots at the target
   */
  PeerTraffic(String name, GuestDevice source, TrafficSlots atSource, TrafficSlots atTarget) {
    this.name = name;
    this.source = source;
    this.atSource = atSource;
    this.atTarget = atTarget;
    this.atStart = atTarget.newSnapshot();
  }

  /** Called when a migration starts. The search for the newest write begins at the current count. */
  void onMigrationStart() throws IOException {
    seen = source.peerTrafficCount();
    receiverStopped = NOT_SEEN;
    written = NOT_SEEN;
    started = false;
  }

  /** Called when the receiver has stopped at the source. */
  void onReceiverStopped() {
    receiverStopped = atSource.newest(seen);
  }

  /** Called when the writer has stopped at the source. */
  void onWriterStopped() throws IOException {
    written = source.peerTrafficCount();
  }

  /** Called before the receiver starts at the target, when all devices are loaded. */
  void onReceiverStarting() {
    atStart.copyFrom(atTarget);
    started = true;
  }

  /**
   * Checks that each write arrived once, and none at a stopped receiver.
   *
   * @param last the number of the last write, at the target
   */
  DemoCheck check(long last) {
    String wrong = String.join("; ", mismatches(last));
    return wrong.isEmpty()
        ? DemoCheck.passed(name, String.format(Locale.ROOT,
            "%,d writes, none lost or repeated, none to a stopped device; the target continued with %,d",
            last,
            written + 1))
        : DemoCheck.failed(name, wrong);
  }

  private List<String> mismatches(long last) {
    if (receiverStopped == NOT_SEEN || written == NOT_SEEN || !started) {
      return List.of("the devices were never seen stopped");
    }
    List<String> wrong = new ArrayList<>();
    if (last == written) {
      wrong.add("no write at the target");
    }
    atSource.firstMismatch(receiverStopped)
        .ifPresent(text -> wrong.add("at the source, after it was stopped: " + text));
    atStart.firstMismatch(written).ifPresent(text -> wrong.add("at the target, as loaded: " + text));
    atTarget.firstMismatch(last).ifPresent(text -> wrong.add("at the target, at the end: " + text));
    return wrong;
  }
}
