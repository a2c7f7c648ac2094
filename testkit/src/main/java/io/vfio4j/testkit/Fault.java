// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.Arc;
import io.vfio4j.model.Errno;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A trouble that a {@link SimulatedDevice} is to have. */
public sealed interface Fault {

  /**
   * An arc fails. On a way of several arcs the device stops at the state before it.
   *
   * @param arc which
   * @param errno how
   * @param entersError whether the device is in ERROR then, or stays where it is
   * @param times how often, counted from the first time
   */
  record ArcFailure(Arc arc, Errno errno, boolean entersError, int times) implements Fault {
  }

  /**
   * An arc takes time, on the device's clock.
   *
   * @param arc which
   * @param delay how much
   */
  record ArcDelay(Arc arc, Duration delay) implements Fault {
  }

  /**
   * A write does not return until somebody lets it go on.
   *
   * @param atByte the byte of the stream, from 0, that it reaches
   * @param release what it waits for
   */
  record WriteBlock(long atByte, CountDownLatch release) implements Fault {
  }

  /**
   * No trouble at all: somebody wants to know when so much has been written.
   *
   * @param atByte the byte of the stream, from 0, that a write reaches
   * @param reached counted down at each write that does
   */
  record WriteNotification(long atByte, CountDownLatch reached) implements Fault {
  }

  /**
   * An arc does not return until somebody lets it go on.
   *
   * @param arc which
   * @param release what it waits for
   */
  record ArcBlock(Arc arc, CountDownLatch release) implements Fault {
  }

  /**
   * The read fails that would go beyond a byte of the stream.
   *
   * @param atByte how many bytes can be read
   * @param errno how
   */
  record ReadFailure(long atByte, Errno errno) implements Fault {
  }

  /**
   * The write fails that would go beyond a byte of the stream.
   *
   * @param atByte how many bytes can be written
   * @param errno how
   */
  record WriteFailure(long atByte, Errno errno) implements Fault {
  }

  /**
   * The stream read out of the device ends too early.
   *
   * @param atByte its length
   */
  record StreamTruncation(long atByte) implements Fault {
  }

  /**
   * The stop-copy stream is longer than the device announced.
   *
   * @param bytes by how much
   */
  record StopCopyOverrun(long bytes) implements Fault {
  }

  /**
   * The device is lost at a call, and at every one after that.
   *
   * @param call the number of the call, from 1; those that ask the state or move, reset, read or write count
   */
  record LossAtCall(int call) implements Fault {
  }

  /**
   * The device is lost at an arc, before it is taken.
   *
   * @param arc which
   */
  record LossAtArc(Arc arc) implements Fault {
  }

  /**
   * The reset fails.
   *
   * @param errno how
   * @param after how many resets work before
   */
  record ResetFailure(Errno errno, int after) implements Fault {
  }
}
