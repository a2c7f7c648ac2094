// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ProcessGroup;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A command run with {@code sh -c} in its own session and process group, so that all processes that it started can be
 * terminated, and Ctrl-C at the terminal does not reach them directly. The states are running, terminated (SIGTERM was
 * sent; SIGKILL follows after {@link #GRACE}) and ended.
 */
final class ShellCommand implements AutoCloseable {

  /** The time between SIGTERM and SIGKILL. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private static final long POLL_MILLIS = 20;

  /** The command is $1. Without setsid(1) it stays in the process group of this program. */
  private static final String RUN_IN_OWN_SESSION =
      "command -v setsid > /dev/null && exec setsid sh -c \"$1\"; exec sh -c \"$1\"";

  /**
   * Standard error is inherited. Opening it by name would truncate a file, and fail for a socket, which systemd gives to
   * its units.
   */
  private static final String REDIRECT_TO_STDERR = "exec >&2; ";

  private final Process process;
  /** Valid if isTerminated; written by the thread that handles a signal. */
  private volatile long terminatedAt;
  private volatile boolean isTerminated;
  private boolean hasEnded;

  private ShellCommand(Process process) {
    this.process = process;
  }

  /**
   * Starts a command that shares standard input, output and error with this program.
   *
   * @param environment additional environment variables
   * @throws IOException if there is no sh
   */
  static ShellCommand start(String command, Map<String, String> environment) throws IOException {
    return start(builder(RUN_IN_OWN_SESSION, command).inheritIO(), environment);
  }

  /**
   * Starts a command without input, whose output goes to standard error.
   *
   * @param environment additional environment variables
   * @throws IOException if there is no sh
   */
  static ShellCommand startHook(String command, Map<String, String> environment) throws IOException {
    return start(builder(REDIRECT_TO_STDERR + RUN_IN_OWN_SESSION, command)
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT), environment);
  }

  private static ProcessBuilder builder(String script, String command) {
    return new ProcessBuilder(List.of("sh", "-c", script, "sh", command));
  }

  private static ShellCommand start(ProcessBuilder builder, Map<String, String> environment)
      throws IOException {
    builder.environment().putAll(environment);
    return new ShellCommand(builder.start());
  }

  /** Sends SIGTERM to all its processes; does not wait. */
  void terminate() {
    terminatedAt = System.nanoTime();
    isTerminated = true;
    if (!signal(false)) {
      process.destroy();
    }
  }

  /**
   * Waits for the shell to end and, after {@link #terminate}, for all its processes, which are killed after
   * {@link #GRACE}.
   *
   * @return the exit code of the shell
   */
  int await() throws InterruptedException {
    while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      killIfOverdue();
    }
    while (isTerminated && exists()) {
      killIfOverdue();
      Thread.sleep(POLL_MILLIS);
      if (isOverdue()) {
        break; // Killed; what remains may be a zombie.
      }
    }
    hasEnded = true;
    return process.exitValue();
  }

  /**
   * Waits for the shell to end. Its background processes keep running.
   *
   * @return whether it ended in time
   */
  boolean await(Duration timeout) throws InterruptedException {
    hasEnded = process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS);
    return hasEnded;
  }

  /** Returns the exit code of a shell that has ended. */
  int exitCode() {
    return process.exitValue();
  }

  private boolean isOverdue() {
    return isTerminated && System.nanoTime() - terminatedAt > GRACE.toNanos();
  }

  private void killIfOverdue() {
    if (isOverdue()) {
      kill();
    }
  }

  private void kill() {
    List<ProcessHandle> descendants = process.descendants().toList();
    signal(true);
    process.destroyForcibly();
    descendants.forEach(ProcessHandle::destroyForcibly); // Those that have left the process group.
  }

  private boolean exists() {
    try {
      return new ProcessGroup(process.pid()).exists();
    } catch (LinuxException e) {
      return false; // Not permitted to signal the group, so do not wait for it.
    }
  }

  private boolean signal(boolean kill) {
    ProcessGroup group = new ProcessGroup(process.pid());
    try {
      return kill ? group.kill() : group.terminate();
    } catch (LinuxException e) {
      return false; // The processes belong to another user; the shell is signalled directly.
    }
  }

  /** Kills all its processes, unless a wait has seen the shell end. */
  @Override
  public void close() {
    if (!hasEnded) {
      kill();
      process.onExit().join();
    }
  }
}
