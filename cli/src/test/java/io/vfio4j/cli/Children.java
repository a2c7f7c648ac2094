// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** Commands as processes of their own, for tests. */
final class Children {

  static final Duration PATIENCE = Duration.ofSeconds(60);

  private Children() {
  }

  /** Returns the arguments of a server for a device like those of {@link Served}. */
  static List<String> serve(Path socket, String... more) {
    List<String> arguments = new ArrayList<>(
        List.of("serve", "scratch", "--socket", socket.toString(), "--memory",
            Integer.toString(Served.MEMORY)));
    arguments.addAll(Arrays.asList(more));
    return arguments;
  }

  static ChildProcess start(String... arguments) throws IOException {
    return ChildProcess.start(Arrays.asList(arguments), line -> {
    });
  }

  /** Waits for an event of a command with {@code --json}. */
  static JsonObject await(ChildProcess child, Predicate<JsonObject> wanted) throws InterruptedException {
    for (String line = child.line(PATIENCE); line != null; line = child.line(PATIENCE)) {
      JsonObject event = JsonParser.parseString(line).getAsJsonObject();
      if (wanted.test(event)) {
        return event;
      }
    }
    throw new AssertionError(child + " ended without it, and said: " + child.errors());
  }

  static Predicate<JsonObject> event(String name) {
    return event -> event.get("event").getAsString().equals(name);
  }

  /** An event about a device on its way to a state. */
  static Predicate<JsonObject> moving(String to) {
    return event("moving").and(event -> event.get("to").getAsString().equals(to));
  }
}
