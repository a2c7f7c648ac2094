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

/** Another vfio4j process, started with the Java runtime, module path and JVM options of this one. */
public final class ChildProcess implements AutoCloseable {

  /** The launcher's module and main class, by name: this package lies below the main class. */
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
   * Starts a process.
   *
   * @param arguments the command line after {@code vfio4j}
   * @param stderr called with each line of the process's standard error, in a separate thread
   * @throws IOException if the process cannot be started
   */
  public static ChildProcess start(List<String> arguments, Consumer<String> stderr) throws IOException {
    return start(arguments, command(arguments), stderr);
  }

  /**
   * Starts a process through another command.
   *
   * @param prefix the command that runs it, as in {@code ip netns exec NAME}
   * @param arguments the command line after {@code vfio4j}
   * @throws IOException if the process cannot be started
   */
  public static ChildProcess startWithPrefix(List<String> prefix, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(command(arguments));
    return start(arguments, command, line -> {
    });
  }

  /**
   * Starts any program, with its output read in the same way.
   *
   * @param name what messages call it
   */
  public static ChildProcess start(List<String> name, List<String> command, Consumer<String> stderr)
      throws IOException {
    return new ChildProcess(new ProcessBuilder(command).start(), List.copyOf(name), stderr);
  }

  /** Returns the command line that runs vfio4j with these arguments as this process was started. */
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

  /** Returns the options that tune the JVM, without those that select what to run, as a test runner's do. */
  private static List<String> jvmOptions() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> option.startsWith("-X") || option.startsWith("--enable-native-access=")
            || option.startsWith("--illegal-native-access="))
        // The recording file is this process's.
        .filter(option -> !option.startsWith("-XX:StartFlightRecording"))
        .toList();
  }

  private static Thread reader(String name, BufferedReader in, Consumer<String> sink) {
    Thread thread = new Thread(() -> {
      try (in) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          sink.accept(line);
        }
      } catch (IOException e) {
        // The process has ended; the rest of its output is lost.
      }
    }, "vfio4j-child-" + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns the stream that feeds its standard input. */
  public OutputStream stdin() {
    return process.getOutputStream();
  }

  /**
   * Waits for a line on its standard output.
   *
   * @return the line, or null if the process ended or the timeout expired first
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

  /** Returns what it has written to standard error so far. */
  public List<String> stderrLines() {
    synchronized (stderrLines) {
      return List.copyOf(stderrLines);
    }
  }

  /** Kills it with SIGKILL and waits for it to end. */
  public void kill() throws InterruptedException {
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  /** Sends SIGTERM; does not wait. */
  public void terminate() {
    // Process.destroy would also close the pipes, and the last lines of output would be lost.
    process.toHandle().destroy();
  }

  /**
   * Waits for it to end.
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

  /** Kills it if it is still running, and waits. */
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
