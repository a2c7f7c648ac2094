// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A device server in a child process. It reads this process's end of a pipe, so it ends with this process even if that is killed. */
public final class ChildServer implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  private final ChildProcess process;
  private final Path socket;

  private ChildServer(ChildProcess process, Path socket) {
    this.process = process;
    this.socket = socket;
  }

  /**
   * Starts a server and waits until it listens. Its standard error is only kept ({@link #stderrLines}).
   *
   * @param arguments the command line after {@code vfio4j}, as in {@code serve scratch --socket PATH}
   * @throws IOException if it does not start to listen; the message holds its output
   */
  public static ChildServer start(List<String> arguments) throws IOException, InterruptedException {
    return start(arguments, line -> {
    });
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param arguments the command line after {@code vfio4j}, as in {@code serve scratch --socket PATH}
   * @param stderr called with each line of the server's standard error, in a separate thread
   * @throws IOException if it does not start to listen; the message holds its output
   */
  public static ChildServer start(List<String> arguments, Consumer<String> stderr)
      throws IOException, InterruptedException {
    return listening(ChildProcess.start(complete(arguments), stderr));
  }

  /**
   * Starts a server through another command, as in {@code env NAME=VALUE}, and waits until it listens.
   *
   * @throws IOException if it does not start to listen; the message holds its output
   */
  public static ChildServer startWithPrefix(List<String> prefix, List<String> arguments)
      throws IOException, InterruptedException {
    return listening(ChildProcess.startWithPrefix(prefix, complete(arguments)));
  }

  private static List<String> complete(List<String> arguments) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--json", "--until-eof"));
    if (!arguments.contains("--log-level")) {
      // Its only client is this program.
      all.addAll(List.of("--log-level", "warning", "--no-log-timestamps"));
    }
    return all;
  }

  private static ChildServer listening(ChildProcess process) throws IOException, InterruptedException {
    try {
      return new ChildServer(process, awaitListening(process));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private static Path awaitListening(ChildProcess process) throws IOException, InterruptedException {
    String line = process.readLine(START_TIMEOUT);
    if (line == null) {
      throw new IOException(
          process + " did not start to listen: " + String.join("; ", process.stderrLines()));
    }
    try {
      JsonObject event = JsonParser.parseString(line).getAsJsonObject();
      JsonElement socket = event.get("socket");
      if (event.get("event").getAsString().equals("listening") && socket != null) {
        return Path.of(socket.getAsString());
      }
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException(process + " printed: " + line, e);
    }
    throw new IOException(process + " printed: " + line);
  }

  public Path socket() {
    return socket;
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns what it has written to standard error so far. */
  public List<String> stderrLines() {
    return process.stderrLines();
  }

  /** Kills it with SIGKILL and waits for it to end; its socket file remains. */
  public void kill() throws InterruptedException {
    process.kill();
  }

  /**
   * Stops it with SIGTERM and waits.
   *
   * @return its exit code
   * @throws IOException if it does not end in time
   */
  public int stop() throws IOException, InterruptedException {
    process.terminate();
    return await(STOP_TIMEOUT);
  }

  /**
   * Waits for it to end.
   *
   * @return its exit code
   * @throws IOException if it does not end in time
   */
  public int await(Duration timeout) throws IOException, InterruptedException {
    return process.await(timeout);
  }

  /** Stops it; kills it if that fails. */
  @Override
  public void close() {
    try {
      if (isAlive()) {
        stop();
      }
    } catch (IOException e) {
      // Killed below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.close();
    }
  }
}
