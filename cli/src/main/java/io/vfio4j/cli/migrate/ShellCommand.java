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
 * A command that {@code sh -c} runs, in a session and process group of its own: when it has to end, so do all processes
 * that it started, and a Ctrl-C at the terminal reaches it only through this program.
 */
final class ShellCommand implements AutoCloseable {

  /** How long after SIGTERM the processes of the command have until SIGKILL. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private static final long POLL_MILLIS = 20;

  /** The command is $1. Without setsid(1) it stays in the group of this program. */
  private static final String RUN_IN_OWN_SESSION =
      "command -v setsid > /dev/null && exec setsid sh -c \"$1\"; exec sh -c \"$1\"";

  /**
   * The standard error is inherited as it is. To open it by its name would truncate a file, and fail for a socket, as
   * systemd gives one to its units.
   */
  private static final String REDIRECT_TO_STDERR = "exec >&2; ";

  private final Process process;
  private volatile long terminatedAt;
  private volatile boolean isTerminated;
  private boolean hasEnded;

  private ShellCommand(Process process) {
    this.process = process;
  }

  /**
   * Starts a command that shares standard input, output and error with this program.
   *
   * @param environment variables that it gets besides those of this program
   * @throws IOException if there is no sh
   */
  static ShellCommand start(String command, Map<String, String> environment) throws IOException {
    return start(builder(RUN_IN_OWN_SESSION, command).inheritIO(), environment);
  }

  /**
   * Starts a command that reads nothing, and whose output goes to the standard error.
   *
   * @param environment variables that it gets besides those of this program
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

  /** Asks all its processes to end; does not wait. */
  void terminate() {
    terminatedAt = System.nanoTime();
    isTerminated = true;
    if (!signal(false)) {
      process.destroy();
    }
  }

  /**
   * Waits for its end, and after {@link #terminate} for that of all its processes: those that do not end within 10 seconds
   * are killed.
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
        break; // Killed, and perhaps a zombie that nobody waits for.
      }
    }
    hasEnded = true;
    return process.exitValue();
  }

  /**
   * Waits for the end of the shell; what it has left running in the background stays.
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
    descendants.forEach(ProcessHandle::destroyForcibly); // Those that have left the group.
  }

  private boolean exists() {
    try {
      return new ProcessGroup(process.pid()).exists();
    } catch (LinuxException e) {
      return false; // What may not be signalled is not waited for either.
    }
  }

  private boolean signal(boolean kill) {
    ProcessGroup group = new ProcessGroup(process.pid());
    try {
      return kill ? group.kill() : group.terminate();
    } catch (LinuxException e) {
      return false; // Its processes run as somebody else; the shell is signalled by itself.
    }
  }

  /** Kills all its processes, unless the shell was waited for until it ended. */
  @Override
  public void close() {
    if (!hasEnded) {
      kill();
      process.onExit().join();
    }
  }
}
