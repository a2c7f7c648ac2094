// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

/** The Flight Recorder's recordings that are dumped on exit. */
public final class FlightRecordings {

  private FlightRecordings() {
  }

  /**
   * Waits until the recordings with {@code dumponexit} are on the disk. For a shutdown hook that halts the JVM: the
   * Flight Recorder dumps them in a hook of its own, which runs concurrently. Returns at once if nothing is being
   * recorded.
   *
   * @param timeout the maximum time to wait
   */
  public static void awaitDumped(Duration timeout) {
    if (!FlightRecorder.isInitialized()) {
      return;
    }
    long deadline = System.nanoTime() + timeout.toNanos();
    for (Recording recording : FlightRecorder.getFlightRecorder().getRecordings()) {
      if (recording.getDumpOnExit()) {
        awaitClosed(recording, deadline);
      }
    }
  }

  /** Waits for a recording to close, which it does once it has been dumped. */
  private static void awaitClosed(Recording recording, long deadline) {
    CountDownLatch closed = new CountDownLatch(1);
    FlightRecorderListener listener = new FlightRecorderListener() {
      @Override
      public void recordingStateChanged(Recording changed) {
        if (changed.getId() == recording.getId() && changed.getState() == RecordingState.CLOSED) {
          closed.countDown();
        }
      }
    };
    FlightRecorder.addListener(listener);
    try {
      if (recording.getState() != RecordingState.CLOSED) {
        closed.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      FlightRecorder.removeListener(listener);
    }
  }
}
