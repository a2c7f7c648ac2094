// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A server process. */
final class ServerProcess implements AutoCloseable {

  private final Process process;
  private final BufferedReader answers;
  private final Writer commands;
  private final Path socket;

  private ServerProcess(Path socket, List<String> command, Predicate<String> isReady) throws IOException {
    this.socket = socket;
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    answers = process.inputReader(StandardCharsets.US_ASCII);
    commands = process.outputWriter(StandardCharsets.US_ASCII);
    String line = answers.readLine();
    if (line == null || !isReady.test(line)) {
      throw new IOException("the server did not start: " + command);
    }
  }

  static ServerProcess baseline(BaselinePrograms baseline, Path socket, long stateBytes) throws IOException {
    return new ServerProcess(socket, baseline.serverCommand(socket, stateBytes), "ready"::equals);
  }

  /** Starts one of our servers, in a JVM like this one. */
  static ServerProcess ours(Path socket, long memory) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny", "-Xmx256m",
        "-Dbench.busyPoll=" + BenchClients.BUSY_POLL.toNanos() / 1000));
    String more = System.getProperty("bench.serverOptions", "");
    if (!more.isBlank()) {
      command.addAll(List.of(more.strip().split(" +", -1)));
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), ScratchServer.class.getName(),
        socket.toString(), Long.toString(memory)));
    return new ServerProcess(socket, command, "ready"::equals);
  }

  /** Starts a server by a command that prints a line when it listens, and ends with its input. */
  static ServerProcess ofCommand(Path socket, List<String> command) throws IOException {
    return new ServerProcess(socket, command, _ -> true);
  }

  Path socket() {
    return socket;
  }

  /** Returns the bytes of heap that the device's thread has allocated so far. Only for our servers. */
  long allocated() throws IOException {
    commands.write("allocated\n");
    commands.flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the server has exited");
    }
    return Long.parseLong(answer);
  }

  @Override
  public void close() throws IOException {
    commands.close(); // Our server exits at the end of its input.
    try {
      if (!process.waitFor(1, TimeUnit.SECONDS)) {
        process.destroy();
        process.waitFor();
      }
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
    }
  }
}
