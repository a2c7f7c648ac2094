// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.connection.Confirmations;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.progress.TransferAccounting;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.RateGate;
import io.vfio4j.engine.util.NanoClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Sends one device's stream as frames, and measures the time that takes. Used by the device's thread. */
public final class DeviceStateSender {

  private final int number;
  private final FrameWriter out;
  private final TransferAccounting accounting;
  private final RateGate gate;
  private final NanoClock clock;
  private final boolean segments;
  private final MemorySegment buffer;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong busyNanos = new AtomicLong();

  /**
   * Creates a sender.
   *
   * @param number the device's number
   * @param out writes its frames
   * @param segments whether the ends of segments are sent
   */
  DeviceStateSender(int number, FrameWriter out, TransferAccounting accounting, NanoClock clock,
      boolean segments) {
    this.number = number;
    this.out = out;
    this.accounting = accounting;
    this.gate = (_, onWire) -> accounting.acquire(onWire);
    this.clock = clock;
    this.segments = segments;
    this.buffer = out.payload().asSlice(0, accounting.chunk(FrameHeader.MAX_PAYLOAD));
  }

  /**
   * Reads once, and sends what was read.
   *
   * @return the result of {@link io.vfio4j.model.SavingSession#read}
   */
  long sendNext(MigratingDevice device) throws IOException {
    accounting.checkCancelled();
    long start = clock.nanoTime();
    long count = device.read(buffer);
    if (count <= 0) {
      return count;
    }
    out.sendData(number, (int) count, segments && device.segmentEnded(), gate);
    bytes.addAndGet(count);
    busyNanos.addAndGet(clock.nanoTime() - start);
    accounting.countSent(count);
    return count;
  }

  /** Requests a confirmation of what was sent, over this device's own connection. */
  void requestConfirmation(Confirmations confirmations, int connection) throws IOException {
    confirmations.request(connection, out);
  }

  /** Notifies the target that all initial data has been sent. */
  void sendInitialDone() throws IOException {
    out.send(FrameKind.INITIAL, number, 0);
  }

  /** Returns the bytes sent so far; any thread may call it. */
  public long bytes() {
    return bytes.get();
  }

  /** Returns the time during which there was something to send; any thread may call it. */
  long busyNanos() {
    return busyNanos.get();
  }
}
