// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The receiver dies between being given the device and saying that it runs it. */
class UnknownOwnerIT {

  private static final long MARK = 42;

  @TempDir
  private Path folder;

  private Served source;
  private ChildServer target;

  @BeforeEach
  void serve() throws Exception {
    source = Served.at(folder.resolve("a.sock"));
    source.mark(MARK);
    // Long enough for the receiver to be killed meanwhile; nobody waits for its end.
    target = ChildServer.start(
        Children.serve(folder.resolve("b.sock"), "--fault", "arc=STOP>RUNNING_P2P,delay=30s"));
  }

  @AfterEach
  void end() throws Exception {
    source.close();
    target.kill();
    target.close();
  }

  private ChildProcess sendToOneThatDies(String... more) throws Exception {
    try (ChildProcess receiver =
        Children.start("receive", "--listen", "tcp:localhost:0", "vfio-user:" + target.socket(), "--json")) {
      String address = Children.await(receiver, Children.event("listening")).get("address").getAsString();
      List<String> send =
          new ArrayList<>(
              List.of("send", "--connect", address, source.address(), "--max-downtime", "30s", "--json"));
      send.addAll(List.of(more));
      ChildProcess sender = Children.start(send.toArray(String[]::new));
      Children.await(receiver, Children.moving("RUNNING_P2P"));
      receiver.kill();
      return sender;
    }
  }

  @Test
  void theStateIsHeldUntilSomebodyResumesIt() throws Exception {
    try (ChildProcess sender = sendToOneThatDies()) {
      JsonObject held = Children.await(sender, Children.event("source-held"));
      assertThat(held.getAsJsonArray("devices").get(0).getAsString()).isEqualTo(source.address());
      assertThat(String.join("\n", sender.errors())).contains("STOP_COPY").contains("vfio4j probe ")
          .contains("write 'resume' and Enter");

      sender.stdin().write("what?\nresume\n".getBytes(StandardCharsets.US_ASCII));
      sender.stdin().flush();

      assertThat(sender.await(Children.PATIENCE)).isEqualTo(ExitCodes.NOT_DONE);
      source.assertRunsWith(MARK);
    }
  }

  @Test
  void theStateIsHeldUntilSigterm() throws Exception {
    try (ChildProcess sender = sendToOneThatDies()) {
      Children.await(sender, Children.event("source-held"));
      sender.terminate();

      assertThat(sender.await(Children.PATIENCE)).isEqualTo(ExitCodes.NEEDS_CARE);
      source.assertRunsWith(0);
    }
  }

  @Test
  void whoCannotWaitLosesIt() throws Exception {
    try (ChildProcess sender = sendToOneThatDies("--no-hold")) {
      JsonObject error = Children.await(sender, Children.event("error"));

      assertThat(sender.await(Children.PATIENCE)).isEqualTo(ExitCodes.NEEDS_CARE);
      assertThat(error.get("outcome").getAsString()).isEqualTo("UNKNOWN");
      assertThat(error.get("source_state").getAsString()).isEqualTo("STOP_COPY");
      assertThat(error.get("remedy").getAsString()).contains("vfio4j probe ");
      source.assertRunsWith(0);
    }
  }
}
