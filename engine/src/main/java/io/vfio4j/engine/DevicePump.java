// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Moves one device's stream into frames, and measures how fast that goes. Used by the device's thread. */
final class DevicePump {

  private final int number;
  private final FrameWriter out;
  private final Traffic traffic;
  private final SendPermit permit;
  private final NanoClock clock;
  private final boolean segments;
  private final MemorySegment into;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong busyNanos = new AtomicLong();

  /**
   * Makes a pump.
   *
   * @param number the device's number
   * @param out where its frames go
   * @param segments whether the target has to hear where segments end
   */
  DevicePump(int number, FrameWriter out, Traffic traffic, NanoClock clock, boolean segments) {
    this.number = number;
    this.out = out;
    this.traffic = traffic;
    this.permit = (_, onWire) -> traffic.acquire(onWire);
    this.clock = clock;
    this.segments = segments;
    this.into = out.payload().asSlice(0, traffic.chunk(FrameHeader.MAX_PAYLOAD));
  }

  /**
   * Reads once and sends what was read.
   *
   * @return what {@link io.vfio4j.model.SavingSession#read} returned
   */
  long pump(MovedDevice device) throws IOException {
    traffic.check();
    long start = clock.nanoTime();
    long count = device.read(into);
    if (count <= 0) {
      return count;
    }
    out.sendData(number, (int) count, segments && device.segmentEnded(), permit);
    bytes.addAndGet(count);
    busyNanos.addAndGet(clock.nanoTime() - start);
    traffic.sent(count);
    return count;
  }

  /** Asks the target to confirm what was sent, over a connection that is this device's own. */
  void requestConfirmation(Confirmations confirmations, int connection) throws IOException {
    confirmations.request(connection, out);
  }

  /** Tells the target that all initial data has been sent. */
  void sendInitial() throws IOException {
    out.send(FrameKind.INITIAL, number, 0);
  }

  /** Returns the bytes sent so far; for any thread. */
  long bytes() {
    return bytes.get();
  }

  /** Returns how long there was something to send; for any thread. */
  long busyNanos() {
    return busyNanos.get();
  }
}
