// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.keys.Host;
import io.vfio4j.keys.KeySet;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations between two hosts with TLS: over a good link, a bad link, a link that fails, and with wrong keys. */
class TwoHostsIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(90);
  private static final long MARK = 0x0123_4567_89ab_cdefL;
  private static final int MEMORY = 8 << 20;

  @TempDir
  private static Path folder;

  private static NetworkNamespaces hosts;
  private ChildServer source;
  private ChildServer target;
  private Path state;

  @BeforeAll
  static void makeHosts() throws Exception {
    TestPrerequisites.requireRootAnd("creating network namespaces", "ip");
    hosts = NetworkNamespaces.create(folder);
    ToolProcess.run(TIMEOUT, folder, commandLine("keys", "--out", folder.resolve("keys").toString(),
        "host-a," + NetworkNamespaces.A_TO_B,
        "host-b," + NetworkNamespaces.B_TO_A + "," + NetworkNamespaces.B_FOR_PROXY));
    ToolProcess.run(TIMEOUT, folder,
        commandLine("keys", "--out", folder.resolve("others").toString(), "host-a",
            "host-b"));
    KeySet.write(folder.resolve("expired"), List.of(Host.parse("host-a"), Host.parse("host-b")),
        Instant.now().minus(Duration.ofDays(30)), Duration.ofDays(7));
  }

  private static List<String> commandLine(String... arguments) {
    return ChildProcess.command(Arrays.asList(arguments));
  }

  @AfterAll
  static void deleteHosts() throws Exception {
    if (hosts != null) {
      hosts.delete();
    }
  }

  @BeforeEach
  void serve() throws Exception {
    state = Path.of(folder.toString(), Long.toString(System.nanoTime(), Character.MAX_RADIX));
    source = ChildServer.start(serveCommand("a"));
    target = ChildServer.start(serveCommand("b"));
    try (VfioUserClient client = connect(source)) {
      client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, MARK);
      client.writeLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES, MARK);
    }
  }

  private static List<String> serveCommand(String name) {
    return List.of("serve", "scratch", "--memory", Integer.toString(MEMORY), "--socket",
        folder.resolve(name + System.nanoTime()).toString());
  }

  @AfterEach
  void end() {
    source.close();
    target.close();
  }

  private static VfioUserClient connect(ChildServer server) throws IOException {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT.withKeepState(true));
  }

  private static String device(ChildServer server) {
    return "vfio-user:" + server.socket();
  }

  private ChildProcess receive(String keys) throws IOException {
    return ChildProcess.startWithPrefix(hosts.onB(), List.of("receive", "--listen", "tcp:0.0.0.0:0", "--keys",
        folder.resolve(keys).resolve("host-b").toString(), "--json", "--state-dir",
        state.resolve("b").toString(), device(target)));
  }

  private ChildProcess send(String address, String keys, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("send", "--connect", address, "--keys",
        folder.resolve(keys).resolve("host-a").toString(), "--json", "--max-downtime", "60s", "--no-hold",
        "--state-dir", state.resolve("a").toString(), device(source)));
    arguments.addAll(Arrays.asList(more));
    return ChildProcess.startWithPrefix(hosts.onA(), arguments);
  }

  private static JsonObject await(ChildProcess child, Predicate<JsonObject> condition)
      throws InterruptedException {
    for (String line = child.readLine(TIMEOUT); line != null; line = child.readLine(TIMEOUT)) {
      JsonObject event = JsonParser.parseString(line).getAsJsonObject();
      if (condition.test(event)) {
        return event;
      }
    }
    throw new AssertionError(child + " exited before that; standard error: " + child.stderrLines());
  }

  private static Predicate<JsonObject> event(String name) {
    return event -> event.get("event").getAsString().equals(name);
  }

  private static Predicate<JsonObject> phase(String name) {
    return event("phase").and(event -> event.get("phase").getAsString().equals(name));
  }

  private static int port(ChildProcess receiver) throws InterruptedException {
    String address = await(receiver, event("listening")).get("address").getAsString();
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private static void assertRunsWithState(ChildServer server) throws IOException {
    try (VfioUserClient client = connect(server)) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
      assertThat(client.readLong(ScratchLayout.MEMORY_BAR, MEMORY - Long.BYTES)).isEqualTo(MARK);
    }
  }

  private static void assertEmpty(ChildServer server) throws IOException {
    try (VfioUserClient client = connect(server)) {
      assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isZero();
    }
  }

  @Test
  void resumesDeviceOnOtherHost() throws Exception {
    try (ChildProcess receiver = receive("keys");
        ChildProcess sender = send("tcp:%s:%d".formatted(NetworkNamespaces.B_TO_A, port(receiver)), "keys")) {
      assertThat(sender.await(TIMEOUT)).as("%s", sender.stderrLines()).isZero();
      assertThat(receiver.await(TIMEOUT)).as("%s", receiver.stderrLines()).isZero();
    }
    assertRunsWithState(target);
  }

  @Test
  void toleratesSlowStallingLinks() throws Exception {
    try (ChildProcess receiver = receive("keys");
        SlowProxy proxy =
            new SlowProxy(NetworkNamespaces.PROXY_FOR_A, NetworkNamespaces.B_FOR_PROXY, port(receiver),
                Duration.ofMillis(20))) {
      proxy.stallEvery(3 << 20, Duration.ofMillis(700));
      try (ChildProcess sender =
          send("tcp:%s:%d".formatted(NetworkNamespaces.PROXY_FOR_A, proxy.port()), "keys", "--peer",
              "host-b")) {
        assertThat(sender.await(TIMEOUT)).as("%s", sender.stderrLines()).isZero();
      }
      assertThat(receiver.await(TIMEOUT)).as("%s", receiver.stderrLines()).isZero();
    }
    assertRunsWithState(target);
  }

  /**
   * The proxy delays the source's last message until the link is cut, so it never arrives. The link is cut once the
   * source has recorded the commit: usually it has sent COMMIT by then and ownership is unknown; otherwise it
   * resumes.
   */
  @Test
  void neverRunsBothWhenLinkFailsAtHandover() throws Exception {
    try (ChildProcess receiver = receive("keys");
        SlowProxy proxy =
            new SlowProxy(NetworkNamespaces.PROXY_FOR_A, NetworkNamespaces.B_FOR_PROXY, port(receiver),
                Duration.ofMillis(20));
        ChildProcess sender =
            send("tcp:%s:%d".formatted(NetworkNamespaces.PROXY_FOR_A, proxy.port()), "keys", "--peer",
                "host-b")) {
      await(sender, phase("stop-copy"));
      proxy.delayBy(Duration.ofSeconds(3));
      await(sender, event("recorded").and(e -> e.toString().contains("given")));
      proxy.cut();
      int code = sender.await(TIMEOUT);
      assertThat(code).as("%s", sender.stderrLines()).isIn(1, 3);
      assertThat(receiver.await(TIMEOUT)).as("%s", receiver.stderrLines()).isNotZero();
      String errors = String.join("\n", sender.stderrLines());
      if (code == 1) {
        assertThat(errors).contains("runs again at the source");
        assertRunsWithState(source);
      } else {
        assertThat(errors).contains("unknown").contains("vfio4j recover");
      }
    }
    assertEmpty(target);
  }

  @Test
  void rejectsForeignKeysBeforeTouchingDevices() throws Exception {
    try (ChildProcess receiver = receive("keys");
        ChildProcess sender =
            send("tcp:%s:%d".formatted(NetworkNamespaces.B_TO_A, port(receiver)), "others", "--peer",
                "host-b")) {
      assertThat(sender.await(TIMEOUT)).isEqualTo(1);
      assertThat(String.join("\n", sender.stderrLines())).contains("certificate");
    }
    assertRunsWithState(source);
    assertEmpty(target);
  }

  @Test
  void rejectsExpiredKeysBeforeTouchingDevices() throws Exception {
    try (ChildProcess receiver = receive("keys");
        ChildProcess sender =
            send("tcp:%s:%d".formatted(NetworkNamespaces.B_TO_A, port(receiver)), "expired")) {
      assertThat(sender.await(TIMEOUT)).isEqualTo(1);
      assertThat(String.join("\n", sender.stderrLines())).contains("certificate is valid from ")
          .contains(", and not now");
    }
    assertRunsWithState(source);
  }

  /** A peer without a certificate or without TLS is reported and rejected; the next, valid peer is accepted. */
  @Test
  void rejectsPeerWithoutKeysAndServesNext() throws Exception {
    try (ChildProcess receiver = receive("keys")) {
      int port = port(receiver);
      try (Socket plain = new Socket(InetAddress.getByName(NetworkNamespaces.B_FOR_PROXY), port);
          OutputStream out = plain.getOutputStream()) {
        out.write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(plain.getInputStream().readAllBytes()).asString(StandardCharsets.ISO_8859_1)
            .doesNotContain("VFIO4J");
      }
      try (ChildProcess sender = send("tcp:%s:%d".formatted(NetworkNamespaces.B_TO_A, port), "keys")) {
        assertThat(sender.await(TIMEOUT)).as("%s", sender.stderrLines()).isZero();
      }
      assertThat(receiver.await(TIMEOUT)).isZero();
      assertThat(String.join("\n", receiver.stderrLines())).contains("refused tcp:");
    }
    assertRunsWithState(target);
  }
}
