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

/** A device server as a process of its own. It ends with this process, even where this one is killed. */
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
   * Starts a server whose errors are only kept, and waits until it listens.
   *
   * @param arguments what follows {@code vfio4j} on a command line, as in {@code serve scratch --socket PATH}
   * @throws IOException if it does not come to listen; what it said is in the message
   */
  public static ChildServer start(List<String> arguments) throws IOException, InterruptedException {
    return start(arguments, line -> {
    });
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param arguments what follows {@code vfio4j} on a command line, as in {@code serve scratch --socket PATH}
   * @param stderr takes each line that it writes to the standard error, in a thread of its own
   * @throws IOException if it does not come to listen; what it said is in the message
   */
  public static ChildServer start(List<String> arguments, Consumer<String> stderr)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--json", "--until-eof"));
    if (!arguments.contains("--log-level")) {
      // It has one client, which is this program.
      all.addAll(List.of("--log-level", "warning", "--no-log-timestamps"));
    }
    ChildProcess process = ChildProcess.start(all, stderr);
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
      throw new IOException(process + " does not listen: " + String.join("; ", process.stderrLines()));
    }
    try {
      JsonObject event = JsonParser.parseString(line).getAsJsonObject();
      JsonElement socket = event.get("socket");
      if (event.get("event").getAsString().equals("listening") && socket != null) {
        return Path.of(socket.getAsString());
      }
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException(process + " said: " + line, e);
    }
    throw new IOException(process + " said: " + line);
  }

  /** Returns the path of its socket. */
  public Path socket() {
    return socket;
  }

  /** Returns its process id. */
  public long pid() {
    return process.pid();
  }

  /** Tells whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns what it has written to the standard error so far. */
  public List<String> stderrLines() {
    return process.stderrLines();
  }

  /** Kills it with SIGKILL, and waits for its end; its socket stays. */
  public void kill() throws InterruptedException {
    process.kill();
  }

  /**
   * Ends it in order, with SIGTERM.
   *
   * @return its exit code
   * @throws IOException if it does not end
   */
  public int stop() throws IOException, InterruptedException {
    process.terminate();
    return await(STOP_TIMEOUT);
  }

  /**
   * Waits for its end.
   *
   * @return its exit code
   * @throws IOException if it does not end in time
   */
  public int await(Duration timeout) throws IOException, InterruptedException {
    return process.await(timeout);
  }

  /** Makes sure that it is gone: in order if it can, else killed. */
  @Override
  public void close() {
    try {
      if (isAlive()) {
        stop();
      }
    } catch (IOException e) {
      // It is killed below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.close();
    }
  }
}
