// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

/** The recordings of the Flight Recorder that are written when the process ends. */
public final class FlightRecordings {

  private FlightRecordings() {
  }

  /**
   * Waits until the recordings that end with the process are on the disk. For a shutdown hook that halts the JVM: the
   * Flight Recorder writes them in a hook of its own, at the same time. Returns at once if nothing records.
   *
   * @param most how long to wait
   */
  public static void awaitDumped(Duration most) {
    if (!FlightRecorder.isInitialized()) {
      return;
    }
    long deadline = System.nanoTime() + most.toNanos();
    for (Recording recording : FlightRecorder.getFlightRecorder().getRecordings()) {
      if (recording.getDumpOnExit()) {
        awaitClosed(recording, deadline);
      }
    }
  }

  /** A recording is closed once it has been written. */
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
