// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.peer.TransportAddressConverter;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.HostKeys;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.migration.OwnershipQuery;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TlsKeys;
import io.vfio4j.engine.transport.TransportConnector;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Migrations between two processes. */
class SendReceiveIT {

  private static final long MARK = 0x0123_4567_89ab_cdefL;

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  /** Returns options with keys for TCP; empty for a UNIX socket. */
  private List<String> keys(String address) throws Exception {
    return address.startsWith("unix:") ? List.of()
        : List.of("--keys", Files.exists(path("keys")) ? path("keys/localhost").toString()
            : HostKeys.in(folder));
  }

  private ChildProcess receive(String address, ServedTestDevice device, String... more) throws Exception {
    return CommandProcesses.start(command("receive", "--listen", address, device, more));
  }

  private String[] command(String name, String option, String address, ServedTestDevice device,
      String... more)
      throws Exception {
    List<String> arguments = new ArrayList<>(List.of(name, option, address, device.address(), "--json"));
    arguments.addAll(keys(address));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private static String addressOf(ChildProcess receiver) throws InterruptedException {
    return CommandProcesses.await(receiver, CommandProcesses.event("listening")).get("address").getAsString();
  }

  @ParameterizedTest
  @CsvSource({"unix:, V2", "tcp:localhost:0, V2", "unix:, V1", "tcp:localhost:0, V1"})
  void resumesDeviceAtReceiver(String kind, MigrationVersions versions) throws Exception {
    String listen = kind.equals("unix:") ? "unix:" + path("move.sock") : kind;
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"), versions);
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"), versions);
        ChildProcess receiver = receive(listen, b)) {
      a.mark(MARK);
      String address = addressOf(receiver);
      assertThat(address).doesNotEndWith(":0");
      if (kind.equals("unix:")) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path("move.sock"))))
            .isEqualTo("rw-------");
      }

      CommandRun send = CommandRun.vfio4j(command("send", "--connect", address, a, "--max-downtime", "30s"));

      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(send.event("report").getAsJsonObject("downtime_parts").keySet()).contains("recording_ms");
      assertThat(send.event("report").getAsJsonArray("devices").get(0).getAsJsonObject()
          .getAsJsonObject("target").get("device").getAsString())
          .isEqualTo(b.address());
      JsonObject report = CommandProcesses.await(receiver, CommandProcesses.event("report"));
      assertThat(report.get("source_notified").getAsBoolean()).isTrue();
      assertThat(report.get("recording_ms").getAsDouble()).isPositive();
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(path("move.sock")).doesNotExist();
      b.assertRunsWith(MARK);
    }
  }

  /** A socket file that cannot be removed does not change that the device runs here and is held. */
  @Test
  void warnsWhenListenerFailsToClose() throws Exception {
    Path home = Files.createDirectory(path("home"));
    Path away = path("away");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver =
            receive("unix:" + home.resolve("move.sock"), b, "--then",
                "echo $VFIO4J_DEVICE > " + path("then"))) {
      a.mark(MARK);
      String address = addressOf(receiver);

      // Once all are connected, the folder of the socket becomes a dangling link.
      CommandRun send = CommandRun.vfio4j(command("send", "--connect", address, a, "--max-downtime", "30s",
          "--workload-pause", "mv %s %s && ln -s home %s".formatted(home, away, home)));

      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).as(String.join("\n", receiver.stderrLines()))
          .isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.stderrLines()).singleElement(as(STRING))
          .startsWith("vfio4j: closing the listener at %s failed: ".formatted(address));
      assertThat(path("then")).hasContent(b.address() + "\n");
      b.assertRunsWith(MARK);
    }
  }

  @Test
  void rejectsForeignStreamAndKeepsWaiting() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver = receive("tcp:localhost:0", b)) {
      a.mark(MARK);
      String address = addressOf(receiver);
      try (Socket socket = new Socket(InetAddress.getByName("localhost"), portOf(address));
          OutputStream out = socket.getOutputStream()) {
        out.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20).getBytes(StandardCharsets.US_ASCII));
        JsonObject refused = CommandProcesses.await(receiver, CommandProcesses.event("refused"));
        assertThat(refused.get("reason").getAsString()).isEqualTo("not_tls");
        assertThat(refused.get("message").getAsString()).endsWith(": it does not speak TLS");
      }

      CommandRun send = CommandRun.vfio4j(command("send", "--connect", address, a, "--max-downtime", "30s"));

      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.stderrLines()).singleElement(as(STRING))
          .startsWith("vfio4j: refused tcp:127.0.0.1:")
          .endsWith(": it does not speak TLS");
      b.assertRunsWith(MARK);
    }
  }

  /** Each peer has its own connection; the last one migrates the device. */
  @ParameterizedTest
  @ValueSource(strings = {"unix:", "tcp:localhost:0"})
  void answersQueriesAndKeepsWaiting(String kind) throws Exception {
    String listen = kind.equals("unix:") ? "unix:" + path("move.sock") : kind;
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver = receive(listen, b)) {
      a.mark(MARK);
      String address = addressOf(receiver);

      CommandRun dryRun =
          CommandRun.vfio4j(command("send", "--connect", address, a, "--dry-run", "--state-dir",
              path("state").toString(), "--events", path("events").toString()));

      assertThat(dryRun.exitCode()).as(dryRun.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(dryRun.events()).singleElement()
          .satisfies(event -> assertThat(event.get("accepted").getAsBoolean()).isTrue());
      assertThat(
          CommandProcesses.await(receiver, CommandProcesses.event("compared")).get("program").getAsString())
          .startsWith("vfio4j ");
      assertThat(path("state")).doesNotExist();
      assertThat(path("events")).doesNotExist();
      a.assertRunsWith(MARK);

      assertThat(ask(address, MigrationId.random())).isEqualTo(Verdict.NOT_KNOWN);
      JsonObject answered = CommandProcesses.await(receiver, CommandProcesses.event("answered"));
      assertThat(answered.get("verdict").getAsString()).isEqualTo("not_known");

      CommandRun send = CommandRun.vfio4j(command("send", "--connect", address, a, "--max-downtime", "30s"));
      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      b.assertRunsWith(MARK);
    }
  }

  /** Peers that are not the expected source are reported; the last one migrates the device. */
  @Test
  void survivesForeignConnections() throws Exception {
    String listen = "unix:" + path("move.sock");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ServedTestDevice other = ServedTestDevice.start(path("c.sock"));
        ChildProcess receiver = receive(listen, b, "--events", path("events").toString())) {
      a.mark(MARK);
      assertThat(addressOf(receiver)).isEqualTo(listen);

      SocketChannel.open(UnixDomainSocketAddress.of(path("move.sock"))).close();
      assertThat(refusal(receiver)).isEqualTo("gone");
      CommandRun second = CommandRun.vfio4j(command("receive", "--listen", listen, other));
      assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(second.err()).contains("in use");
      assertThat(refusal(receiver)).isEqualTo("gone");
      CommandRun answer =
          CommandRun.vfio4j("recover", "--answer", listen, "--state-dir", path("state").toString());
      assertThat(answer.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(refusal(receiver)).isEqualTo("gone");
      try (SocketChannel foreign = SocketChannel.open(UnixDomainSocketAddress.of(path("move.sock")))) {
        foreign.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        assertThat(refusal(receiver)).isEqualTo("no_stream");
      }
      CommandRun wrong = CommandRun.vfio4j(command("send", "--connect", listen, a, other.address()));
      assertThat(wrong.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(wrong.err()).contains("the source has 2 devices, the target 1");
      assertThat(refusal(receiver)).isEqualTo("pre_flight");
      a.assertRunsWith(MARK);

      try (SocketChannel silent = SocketChannel.open(UnixDomainSocketAddress.of(path("move.sock")))) {
        CommandRun send = CommandRun.vfio4j(command("send", "--connect", listen, a, "--max-downtime", "30s"));
        assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
        assertThat(silent.isOpen()).isTrue();
      }
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.stderrLines()).hasSize(5)
          .allSatisfy(line -> assertThat(line).startsWith("vfio4j: "));
      assertThat(Files.readString(path("events"))).as("only the events of the migration")
          .doesNotContain("aborting");
      b.assertRunsWith(MARK);
    }
  }

  private static String refusal(ChildProcess receiver) throws InterruptedException {
    return CommandProcesses.await(receiver, CommandProcesses.event("refused")).get("reason").getAsString();
  }

  /** More peers than the handshake queue holds. */
  @Test
  void answersQuestionDespiteIdleConnections() throws Exception {
    String listen = "unix:" + path("answer.sock");
    List<SocketChannel> idle = new ArrayList<>();
    try (ChildProcess answering =
        CommandProcesses.start("recover", "--answer", listen, "--json", "--state-dir",
            path("state").toString())) {
      CommandProcesses.await(answering, CommandProcesses.event("answering"));
      for (int i = 0; i < 40; i++) {
        idle.add(SocketChannel.open(UnixDomainSocketAddress.of(path("answer.sock"))));
      }
      assertThat(ask(listen, MigrationId.random())).isEqualTo(Verdict.NOT_KNOWN);
      assertThat(refusal(answering)).isEqualTo("crowded_out");
    } finally {
      for (SocketChannel channel : idle) {
        channel.close();
      }
    }
  }

  /** A listener that only answers queries refuses a source with a message. */
  @Test
  void rejectsSourceWhereOnlyQuestionsAreAnswered() throws Exception {
    String listen = "unix:" + path("answer.sock");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ChildProcess answering =
            CommandProcesses.start("recover", "--answer", listen, "--json", "--state-dir",
                path("state").toString())) {
      a.mark(MARK);
      CommandProcesses.await(answering, CommandProcesses.event("answering"));
      CommandRun send = CommandRun.vfio4j(command("send", "--connect", listen, a));
      assertThat(send.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(send.err()).contains("failed in pre-flight")
          .contains("answers ownership queries only")
          .contains(a.address() + " was not touched");
      a.assertRunsWith(MARK);
    }
  }

  /** If the target closes the connection, the source reports the peer, the phase and that nothing was touched. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void reportsTargetThatClosesConnection(boolean dryRun) throws Exception {
    String connect = "unix:" + path("closing.sock");
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      a.mark(MARK);
      server.bind(UnixDomainSocketAddress.of(path("closing.sock")));
      Thread closing = Thread.ofPlatform().daemon().start(() -> {
        try {
          for (int i = 0; i < 2; i++) {
            server.accept().close();
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      CommandRun send = CommandRun.vfio4j(dryRun ? command("send", "--connect", connect, a, "--dry-run")
          : command("send", "--connect", connect, a));
      closing.join();
      assertThat(send.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(send.err()).contains(connect).doesNotContain("Broken pipe")
          .doesNotContain("cannot reach");
      assertThat(send.err()).contains(
          dryRun ? List.of("comparing with " + connect + " failed", "no device was touched")
              : List.of("failed in pre-flight", a.address() + " was not touched"));
      a.assertRunsWith(MARK);
    }
  }

  private Verdict ask(String address, MigrationId id) throws IOException {
    PeerPolicy policy = PeerPolicy.OWN_USER;
    if (address.startsWith("tcp:")) {
      Path keys = path("keys/localhost");
      policy = policy.withKeys(TlsKeys.load(
          new TlsKeys.Files(keys.resolve("ca.pem"), keys.resolve("cert.pem"), keys.resolve("key.pem"))));
    }
    try (Transport transport =
        TransportConnector.connect(new TransportAddressConverter().convert(address), policy,
            CommandProcesses.TIMEOUT)) {
      return OwnershipQuery.query(transport, id, CommandProcesses.TIMEOUT).verdict();
    }
  }

  private static int portOf(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  @Test
  void reportsMissingReceiver() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"))) {
      a.mark(MARK);
      CommandRun send = CommandRun.vfio4j("send", "--connect", "unix:" + path("no.sock"), a.address());
      assertThat(send.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(send.err()).contains("cannot connect to unix:" + path("no.sock") + ": ENOENT")
          .contains("not touched: " + a.address()).contains("check that vfio4j receive is waiting");
      a.assertRunsWith(MARK);
      CommandRun receive =
          CommandRun.vfio4j("receive", "--listen", "unix:" + path("r.sock"), a.address(), "--timeout",
              "10ms");
      assertThat(receive.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(receive.err()).contains("got no connection");
      a.assertRunsWith(MARK);
    }
  }

  @Test
  void stopsWaitingOnSigterm() throws Exception {
    try (ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver = receive("unix:" + path("r.sock"), b)) {
      assertThat(addressOf(receiver)).isEqualTo("unix:" + path("r.sock"));
      receiver.terminate();

      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      assertThat(path("r.sock")).doesNotExist();
    }
  }

  @Test
  void keepsSourceRunningWhenReceiverIsKilled() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver = receive("tcp:localhost:0", b)) {
      a.mark(MARK);
      try (ChildProcess sender = CommandProcesses
          .start(command("send", "--connect", addressOf(receiver), a, "--max-bandwidth", "100k"))) {
        CommandProcesses.await(sender, CommandProcesses.event("progress"));
        receiver.kill();

        assertThat(sender.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      }
      a.assertRunsWith(MARK);
      b.assertRunsWith(0);
    }
  }

  @Test
  void resetsTargetWhenSenderIsKilled() throws Exception {
    try (ServedTestDevice a = ServedTestDevice.start(path("a.sock"));
        ServedTestDevice b = ServedTestDevice.start(path("b.sock"));
        ChildProcess receiver = receive("tcp:localhost:0", b)) {
      try (ChildProcess sender = CommandProcesses
          .start(command("send", "--connect", addressOf(receiver), a, "--max-bandwidth", "100k"))) {
        CommandProcesses.await(sender, CommandProcesses.event("progress"));
        sender.kill();
      }

      assertThat(receiver.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.FAILURE);
      b.assertRunsWith(0);
    }
  }
}
