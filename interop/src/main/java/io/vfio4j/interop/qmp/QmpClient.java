// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;

/**
 * A connection to the monitor of a QEMU process (QMP). Calls wait without a time limit: whoever starts QEMU limits
 * its lifetime, and the connection ends with it. Not thread-safe.
 */
public final class QmpClient implements AutoCloseable {

  private final SocketChannel channel;
  private final BufferedReader reader;
  private final Deque<QmpEvent> events = new ArrayDeque<>();

  private QmpClient(SocketChannel channel) {
    this.channel = channel;
    reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
  }

  /**
   * Connects, and leaves QMP's negotiation mode.
   *
   * @param socket the UNIX socket of {@code -qmp unix:PATH,server=on,wait=off}
   */
  public static QmpClient connect(Path socket) throws IOException {
    QmpClient client = new QmpClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    try {
      if (!client.read().has("QMP")) {
        throw new IOException(socket + " is not a QMP socket");
      }
      client.execute("qmp_capabilities");
      return client;
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private JsonObject read() throws IOException {
    String line = reader.readLine();
    if (line == null) {
      throw new IOException("QEMU has closed the connection to its monitor");
    }
    try {
      return JsonParser.parseString(line).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException("not QMP: " + line, e);
    }
  }

  /** Executes a command without arguments, and returns its result. */
  public JsonElement execute(String command) throws IOException {
    return execute(command, new JsonObject());
  }

  /**
   * Executes a command. Events that arrive meanwhile are kept for {@link #await}.
   *
   * @return its result
   * @throws IOException if the command fails, with QEMU's description, or the connection has ended
   */
  public JsonElement execute(String command, JsonObject arguments) throws IOException {
    JsonObject request = new JsonObject();
    request.addProperty("execute", command);
    request.add("arguments", arguments);
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(request + "\n");
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    while (true) {
      JsonObject message = read();
      if (message.has("return")) {
        return message.get("return");
      }
      if (message.has("error")) {
        throw new IOException(command + ": " + message.getAsJsonObject("error").get("desc").getAsString());
      }
      if (message.has("event")) {
        events.add(QmpEvent.of(message));
      }
    }
  }

  /**
   * Executes a command of the human monitor (HMP).
   *
   * @return what it prints
   */
  public String executeHuman(String line) throws IOException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("command-line", line);
    return execute("human-monitor-command", arguments).getAsString();
  }

  /**
   * Returns the first event that matches and has not been returned before, and drops those before it. Waits if there
   * is none yet.
   */
  public QmpEvent await(Predicate<QmpEvent> isMatch) throws IOException {
    while (true) {
      for (QmpEvent event = events.poll(); event != null; event = events.poll()) {
        if (isMatch.test(event)) {
          return event;
        }
      }
      JsonObject message = read();
      if (message.has("event")) {
        events.add(QmpEvent.of(message));
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
