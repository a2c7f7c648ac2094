// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** Commands as child processes, for tests. */
public final class CommandProcesses {

  public static final Duration TIMEOUT = Duration.ofSeconds(60);

  private CommandProcesses() {
  }

  /** Returns the command line of a server for a device like those of {@link ServedTestDevice}. */
  public static List<String> serve(Path socket, String... more) {
    List<String> arguments = new ArrayList<>(
        List.of("serve", "scratch", "--socket", socket.toString(), "--memory",
            Integer.toString(ServedTestDevice.MEMORY)));
    arguments.addAll(Arrays.asList(more));
    return arguments;
  }

  public static ChildProcess start(String... arguments) throws IOException {
    return ChildProcess.start(Arrays.asList(arguments), line -> {
    });
  }

  /** Waits for an event of a command with {@code --json}. */
  public static JsonObject await(ChildProcess child, Predicate<JsonObject> wanted)
      throws InterruptedException {
    for (String line = child.readLine(TIMEOUT); line != null; line = child.readLine(TIMEOUT)) {
      JsonObject event = JsonParser.parseString(line).getAsJsonObject();
      if (wanted.test(event)) {
        return event;
      }
    }
    throw new AssertionError(child + " ended without it, and said: " + child.stderrLines());
  }

  public static Predicate<JsonObject> event(String name) {
    return event -> event.get("event").getAsString().equals(name);
  }

  /** Matches the start of a device's transition to a state. */
  public static Predicate<JsonObject> moving(String to) {
    return event("moving").and(event -> event.get("to").getAsString().equals(to));
  }
}
