// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A fault to inject into a {@link SimulatedDevice}. */
public sealed interface Fault {

  /**
   * An arc fails. On a path of several arcs the device stays in the state before that arc.
   *
   * @param arc the arc
   * @param errno the errno reported
   * @param entersError whether the device enters ERROR instead of staying in its state
   * @param times how many times it fails before it succeeds
   */
  record ArcFailure(Arc arc, Errno errno, boolean entersError, int times) implements Fault {
  }

  /**
   * An arc takes time on the device's clock.
   *
   * @param arc the arc
   * @param delay how long
   */
  record ArcDelay(Arc arc, Duration delay) implements Fault {
  }

  /**
   * A write blocks until it is released.
   *
   * @param atByte the offset in the stream that the write reaches
   * @param release the latch that it waits for
   */
  record WriteBlock(long atByte, CountDownLatch release) implements Fault {
  }

  /**
   * Not a fault: reports that a write has reached an offset.
   *
   * @param atByte the offset in the stream that a write reaches
   * @param reached counted down by each write that reaches it
   */
  record WriteNotification(long atByte, CountDownLatch reached) implements Fault {
  }

  /**
   * An arc blocks until it is released.
   *
   * @param arc the arc
   * @param release the latch that it waits for
   */
  record ArcBlock(Arc arc, CountDownLatch release) implements Fault {
  }

  /**
   * A read that would pass an offset of the stream fails.
   *
   * @param atByte the number of bytes that can be read
   * @param errno the errno reported
   */
  record ReadFailure(long atByte, Errno errno) implements Fault {
  }

  /**
   * A write that would pass an offset of the stream fails.
   *
   * @param atByte the number of bytes that can be written
   * @param errno the errno reported
   */
  record WriteFailure(long atByte, Errno errno) implements Fault {
  }

  /**
   * The saved stream ends too early.
   *
   * @param atByte its length
   */
  record StreamTruncation(long atByte) implements Fault {
  }

  /**
   * The stop-copy stream is longer than the device estimated.
   *
   * @param bytes by how much
   */
  record StopCopyOverrun(long bytes) implements Fault {
  }

  /**
   * The device is lost at one call and fails every later one.
   *
   * @param call the number of the call, from 1; queries of the state, transitions, resets, reads and writes count
   */
  record LossAtCall(int call) implements Fault {
  }

  /**
   * The device is lost at an arc, before taking it.
   *
   * @param arc the arc
   */
  record LossAtArc(Arc arc) implements Fault {
  }

  /**
   * A reset fails.
   *
   * @param errno the errno reported
   * @param after how many resets succeed first
   */
  record ResetFailure(Errno errno, int after) implements Fault {
  }
}
