// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code vfio4j handover --confirm} as an operator runs it: started before the guest stops, and told to hand over by a
 * line. For several handovers, one process each.
 */
final class HandoverProcess implements VmmReplacement.Handover, AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final ControlledServer server;
  private @Nullable ChildProcess process;

  HandoverProcess(ControlledServer server) {
    this.server = server;
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    close();
    process = ChildProcess.start(
        List.of("handover", server.address(), "--wait", TIMEOUT.toSeconds() + "s", "--confirm", "--json"),
        line -> {
        });
    await(process, "handover-ready");
  }

  @Override
  public void commit() throws IOException, InterruptedException {
    ChildProcess confirmed = process;
    if (confirmed == null) {
      throw new IllegalStateException("not prepared");
    }
    confirmed.stdin().write("\n".getBytes(StandardCharsets.US_ASCII));
    confirmed.stdin().flush();
    await(confirmed, "handover");
  }

  private static void await(ChildProcess process, String event) throws IOException, InterruptedException {
    for (String line = process.readLine(TIMEOUT); line != null; line = process.readLine(TIMEOUT)) {
      JsonObject json = JsonParser.parseString(line).getAsJsonObject();
      if (json.get("event").getAsString().equals(event)) {
        return;
      }
    }
    throw new IOException(
        "%s ended without the event %s: %s".formatted(process, event, process.stderrLines()));
  }

  /** Ends the process; without a line it hands nothing over. */
  @Override
  public void close() {
    if (process != null) {
      process.close();
      process = null;
    }
  }
}
