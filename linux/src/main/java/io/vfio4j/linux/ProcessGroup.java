// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * A process group, signalled with kill(2): a process that became the leader of a session or group, and its
 * descendants that have not left it.
 *
 * @param leader the process ID of the leader, more than 1; the group outlives its leader while it has members
 */
public record ProcessGroup(long leader) {

  private static final MethodHandle KILL =
      Native.link("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  private static final Errno ESRCH = new Errno(3);

  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  /**
   * @throws IllegalArgumentException if the leader is not a valid process ID, or denotes more than one group
   */
  public ProcessGroup {
    if (leader <= 1 || leader > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("not the process ID of a group leader: " + leader);
    }
  }

  /**
   * Sends SIGTERM to all members.
   *
   * @return false if the group does not exist
   * @throws LinuxException EPERM if no member may be signalled
   */
  public boolean terminate() throws LinuxException {
    return signal(SIGTERM);
  }

  /**
   * Sends SIGKILL to all members.
   *
   * @return false if the group does not exist
   * @throws LinuxException EPERM if no member may be signalled
   */
  public boolean kill() throws LinuxException {
    return signal(SIGKILL);
  }

  /**
   * Returns whether the group has members, including zombies that have not been waited for.
   *
   * @throws LinuxException EPERM if no member may be signalled
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
