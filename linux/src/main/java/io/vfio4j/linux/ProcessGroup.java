// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * A group of processes that can be signalled together, kill(2): a process that became the leader of a session or group,
 * and all its descendants that have not left it.
 *
 * @param leader the process id of its leader, more than 1; the group outlives it while it has members
 */
public record ProcessGroup(long leader) {

  private static final MethodHandle KILL =
      Native.link("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  private static final Errno ESRCH = new Errno(3);

  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  /**
   * Checks the leader.
   *
   * @throws IllegalArgumentException if it is no process id, or stands for more than one group
   */
  public ProcessGroup {
    if (leader <= 1 || leader > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("no leader of a process group: " + leader);
    }
  }

  /**
   * Asks all members to end, SIGTERM.
   *
   * @return false if there is no such group
   * @throws LinuxException EPERM if none of the members may be signalled
   */
  public boolean terminate() throws LinuxException {
    return signal(SIGTERM);
  }

  /**
   * Ends all members, SIGKILL.
   *
   * @return false if there is no such group
   * @throws LinuxException EPERM if none of the members may be signalled
   */
  public boolean kill() throws LinuxException {
    return signal(SIGKILL);
  }

  /**
   * Returns whether the group has members, zombies that nobody has waited for included.
   *
   * @throws LinuxException EPERM if none of the members may be signalled
   */
  public boolean exists() throws LinuxException {
    return signal(0);
  }

  private boolean signal(int number) throws LinuxException {
    int result = kill(-(int) leader, number);
    if (result == -ESRCH.number()) {
      return false;
    }
    LinuxException.check(result, "kill", "process group " + leader);
    return true;
  }

  private static int kill(int process, int signal) {
    try {
      var capture = Native.capture();
      return Native.result((int) KILL.invokeExact(capture, process, signal), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
