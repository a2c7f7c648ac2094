// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Another vfio4j, as a process of its own: with the java, the modules and the JVM's options of this one. */
public final class ChildProcess implements AutoCloseable {

  /** The launcher's module and main class: a name, since the packages of commands do not know their caller. */
  private static final String MAIN = "io.vfio4j.cli/io.vfio4j.cli.Main";

  private final Process process;
  private final List<String> command;
  private final LinkedBlockingQueue<String> stdoutLines = new LinkedBlockingQueue<>();
  private final List<String> stderrLines = new ArrayList<>();
  private final Thread stdoutReader;
  private final Thread stderrReader;

  private ChildProcess(Process process, List<String> command, Consumer<String> stderr) {
    this.process = process;
    this.command = command;
    this.stdoutReader = reader("out", process.inputReader(StandardCharsets.UTF_8), stdoutLines::add);
    this.stderrReader = reader("err", process.errorReader(StandardCharsets.UTF_8), line -> {
      synchronized (stderrLines) {
        stderrLines.add(line);
      }
      stderr.accept(line);
    });
  }

  /**
   * Starts one.
   *
   * @param arguments what follows {@code vfio4j} on a command line
   * @param stderr takes each line that it writes to the standard error, in a thread of its own
   * @throws IOException if the process cannot be started
   */
  public static ChildProcess start(List<String> arguments, Consumer<String> stderr) throws IOException {
    return start(arguments, command(arguments), stderr);
  }

  /**
   * Starts one by way of another command.
   *
   * @param by what runs it, as in {@code ip netns exec NAME}
   * @param arguments what follows {@code vfio4j} on a command line
   * @throws IOException if the process cannot be started
   */
  public static ChildProcess startWithPrefix(List<String> by, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(by);
    command.addAll(command(arguments));
    return start(arguments, command, line -> {
    });
  }

  /** Starts any program whose output is to be treated in the same way. */
  public static ChildProcess start(List<String> name, List<String> command, Consumer<String> stderr)
      throws IOException {
    return new ChildProcess(new ProcessBuilder(command).start(), List.copyOf(name), stderr);
  }

  /** Returns what runs vfio4j with some arguments, just as this process was run. */
  public static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions());
    String modulePath = System.getProperty("jdk.module.path");
    if (modulePath != null) { // A runtime image has its modules inside.
      command.addAll(List.of("-p", modulePath));
    }
    command.addAll(List.of("-m", MAIN));
    command.addAll(arguments);
    return command;
  }

  /** What says how to run; not what says what to run, such as the options of a test's runner. */
  private static List<String> jvmOptions() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> option.startsWith("-X") || option.startsWith("--enable-native-access=")
            || option.startsWith("--illegal-native-access="))
        // It names a file, which is this process's.
        .filter(option -> !option.startsWith("-XX:StartFlightRecording"))
        .toList();
  }

  private static Thread reader(String name, BufferedReader from, Consumer<String> to) {
    Thread thread = new Thread(() -> {
      try (from) {
        for (String line = from.readLine(); line != null; line = from.readLine()) {
          to.accept(line);
        }
      } catch (IOException e) {
        // The process is gone, and with it what it might have said.
      }
    }, "vfio4j-child-" + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Returns its process id. */
  public long pid() {
    return process.pid();
  }

  /** Tells whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns its standard input. */
  public OutputStream stdin() {
    return process.getOutputStream();
  }

  /**
   * Waits for a line on its standard output.
   *
   * @param timeout how long at most
   * @return the line, or null if it ended, or the time did, without one
   */
  public @Nullable String readLine(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      boolean ended = !stdoutReader.isAlive();
      long left = deadline - System.nanoTime();
      String line = stdoutLines.poll(ended ? 0 : Math.min(left, 50_000_000), TimeUnit.NANOSECONDS);
      if (line != null || ended || left <= 0) {
        return line;
      }
    }
  }

  /** Returns what it has written to the standard error so far. */
  public List<String> stderrLines() {
    synchronized (stderrLines) {
      return List.copyOf(stderrLines);
    }
  }

  /** Kills it with SIGKILL, and waits for its end. */
  public void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  /** Asks it to end, with SIGTERM; does not wait. */
  public void terminate() {
    // Process.destroy would close what it writes to as well, and its last words were lost.
    process.toHandle().destroy();
  }

  /**
   * Waits for its end.
   *
   * @return its exit code
   * @throws IOException if it does not end in time
   */
  public int await(Duration timeout) throws IOException, InterruptedException {
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IOException("vfio4j %s (process %d) has not ended within %d s"
          .formatted(String.join(" ", command), pid(), timeout.toSeconds()));
    }
    stdoutReader.join();
    stderrReader.join();
    return process.exitValue();
  }

  /** Makes sure that it is gone. */
  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public String toString() {
    return "vfio4j " + String.join(" ", command) + " (process " + pid() + ")";
  }
}
