// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Predicate;

/** Commands as processes of their own, for tests. */
final class Children {

  static final Duration PATIENCE = Duration.ofSeconds(60);

  private Children() {
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
