// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * Ends the process through the kernel, alarm(2), whatever its threads do: SIGALRM, which the JVM does not
 * handle, terminates a process. It is needed because a thread that waits for a page of a mapped file keeps
 * the JVM from reaching a safepoint, and so from exiting. Thread-safe; a process has one alarm.
 */
public final class ProcessAlarm {

  private static final MethodHandle ALARM = Native.link("alarm", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private ProcessAlarm() {}

  /**
   * Sets or replaces the alarm.
   *
   * @param after the delay in whole seconds, at least 1
   */
  public static void set(Duration after) {
    try {
      MemorySegment capture = Native.capture();
      int previous = (int) ALARM.invokeExact(capture, Math.toIntExact(Math.max(1, after.toSeconds())));
      assert previous >= 0;
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
