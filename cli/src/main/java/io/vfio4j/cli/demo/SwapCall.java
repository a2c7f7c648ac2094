// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Runs {@code vfio4j swap} as a process, as an operator does. */
final class SwapCall {

  /** Long enough for a machine that is busy. */
  private static final String MAX_DOWNTIME = "3s";
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final Path stateDir;

  /**
   * Creates a call.
   *
   * @param stateDir the folder of the journal
   */
  SwapCall(Path stateDir) {
    this.stateDir = stateDir;
  }

  /** Called when the device is about to stop. */
  @FunctionalInterface
  interface StopListener {
    void onStopping() throws IOException;
  }

  /**
   * Swaps the server of a device.
   *
   * @param from the control socket of the old server
   * @param to the control socket of the new one
   * @return the report of the command
   * @throws CommandException if it failed
   */
  JsonObject run(Path from, Path to, StopListener listener) throws IOException, InterruptedException {
    try (ChildProcess process = ChildProcess.start(List.of("swap", "--from", "control:" + from, "--to",
        "control:" + to, "--state-dir", stateDir.toString(), "--max-downtime", MAX_DOWNTIME, "--json"),
        line -> {
        })) {
      JsonObject report = new JsonObject();
      for (String line = process.readLine(TIMEOUT); line != null; line = process.readLine(TIMEOUT)) {
        JsonObject event = parse(process, line);
        String name = event.get("event").getAsString();
        if (name.equals("phase") && event.get("phase").getAsString().equals("quiescing")) {
          listener.onStopping();
        } else if (name.equals("report")) {
          report = event;
        }
      }
      if (process.await(TIMEOUT) != ExitCodes.SUCCESS || report.isEmpty()) {
        throw new CommandException(ExitCodes.FAILURE,
            process + " failed: " + String.join("\n  ", process.stderrLines()), null);
      }
      return report;
    }
  }

  private static JsonObject parse(ChildProcess process, String line) throws IOException {
    try {
      return JsonParser.parseString(line).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new IOException(process + " printed: " + line, e);
    }
  }
}
