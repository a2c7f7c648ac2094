// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * The end of the process by the kernel, alarm(2), whatever its threads do: SIGALRM, which the virtual machine leaves alone,
 * ends a process. A thread that waits for a page of a mapped file keeps the virtual machine from a safepoint, and so from
 * ending by itself. For all threads; there is one alarm in a process.
 */
public final class ProcessAlarm {

  private static final MethodHandle ALARM = Native.link("alarm", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private ProcessAlarm() {}

  /**
   * Ends the process when a time has passed, instead of when it was set to before.
   *
   * @param after from now on, whole seconds, at least 1
   */
  public static void set(Duration after) {
    try {
      MemorySegment capture = Native.capture();
      int left = (int) ALARM.invokeExact(capture, Math.toIntExact(Math.max(1, after.toSeconds())));
      assert left >= 0;
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
