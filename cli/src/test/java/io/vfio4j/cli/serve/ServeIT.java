// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeIT {

  @TempDir
  private Path folder;

  private Path socket() {
    return folder.resolve("s.sock");
  }

  @Test
  void unlinksSocketOnSigterm() throws Exception {
    try (ChildServer server = ServedTestDevice.process(socket())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
          .isEqualTo("rw-------");

      assertThat(server.stop()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(socket()).doesNotExist();
      assertThat(server.stderrLines()).isEmpty();
    }
  }

  @Test
  void stopsOnSigtermDespiteClient() throws Exception {
    try (ChildServer server = ServedTestDevice.process(socket());
        VfioUserClient _ = ServedTestDevice.inChildServer(server).connect()) {
      assertThat(server.stop()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(socket()).doesNotExist();
    }
  }

  @Test
  void logsClientsAndRefusals() throws Exception {
    String client = "client 1 \\(pid %d, uid \\d+\\)".formatted(ProcessHandle.current().pid());
    String time = "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{3})?Z ";
    try (ChildServer server =
        ChildServer
            .start(CommandProcesses.serve(socket(), "--log-level", "info", "--log-timestamps", "--once"))) {
      try (VfioUserClient connected = ServedTestDevice.inChildServer(server).connect()) {
        assertThatThrownBy(() -> connected.readInt(5, 0)).isInstanceOf(DeviceException.class);
      }
      assertThat(server.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      List<String> log = server.stderrLines();
      assertThat(log).hasSize(3);
      assertThat(log.get(0)).matches(time + client + " connected");
      assertThat(log.get(1))
          .matches(time + client + ": REGION_READ \\(offset=0x0, region=5, count=4\\) refused: .+");
      assertThat(log.get(2)).matches(time + client + " disconnected: it closed the connection");
    }
  }

  @Test
  void replacesSocketOfKilledServer() throws Exception {
    try (ChildServer first = ServedTestDevice.process(socket())) {
      first.kill();
      assertThat(socket()).exists();
      CommandRun gone = CommandRun.vfio4j("probe", "vfio-user:" + socket());
      assertThat(gone.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(gone.err()).contains("the server is no longer listening");

      try (ServedTestDevice second = ServedTestDevice.start(socket())) {
        assertThat(CommandRun.vfio4j("probe", second.address()).exitCode()).isEqualTo(ExitCodes.SUCCESS);
      }
    }
  }

  @Test
  void refusesSocketInUse() throws Exception {
    try (ServedTestDevice first = ServedTestDevice.start(socket())) {
      CommandRun second = CommandRun.vfio4j("serve", "scratch", "--socket", socket().toString());

      assertThat(second.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(second.err()).contains(socket() + " is in use");
      assertThat(CommandRun.vfio4j("probe", first.address()).exitCode()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void namesControlSocketThatCannotBeCreated() throws Exception {
    Path missing = folder.resolve("no").resolve("a.control");
    assertThat(serveWithControl(missing)).contains("cannot listen on the control socket " + missing
        + ": ENOENT (no such file or directory); create the directory " + missing.getParent());

    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertThat(serveWithControl(file))
        .contains(
            "cannot listen on the control socket " + file + ": it is a regular file, which is not replaced");

    try (ServedTestDevice first = ServedTestDevice.start(folder.resolve("other.sock"))) {
      Path taken = folder.resolve("other.sock");
      assertThat(serveWithControl(taken)).contains("the control socket " + taken + " is in use");
      assertThat(CommandRun.vfio4j("probe", first.address()).exitCode()).isEqualTo(ExitCodes.SUCCESS);
    }
    assertThat(socket()).doesNotExist();
  }

  private String serveWithControl(Path control) {
    CommandRun run =
        CommandRun.vfio4j("serve", "scratch", "--socket", socket().toString(), "--control",
            control.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    return run.err();
  }

  @Test
  void refusesToReplaceRegularFile() throws Exception {
    Files.writeString(socket(), "precious");

    CommandRun run = CommandRun.vfio4j("serve", "scratch", "--socket", socket().toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("it is a regular file, which is not replaced");
    assertThat(socket()).hasContent("precious");
  }

  @Test
  void rejectsSecondClientWithReason() throws Exception {
    try (ServedTestDevice served = ServedTestDevice.start(socket()); VfioUserClient _ = served.connect()) {
      CommandRun run = CommandRun.vfio4j("probe", served.address());

      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains(served.address() + " is in use: another client is connected")
          .contains("--control PATH").contains("vfio4j swap");
    }
  }

  @Test
  void logsOneLinePerMalformedClient() throws Exception {
    try (ChildServer server = ServedTestDevice.process(socket())) {
      sendRaw(
          ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      sendRaw(ByteBuffer.wrap(new byte[64]));
      sendRaw(ByteBuffer.wrap(new byte[] {0, 0, 1}));

      assertThat(CommandRun.vfio4j("probe", "vfio-user:" + socket()).exitCode()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(server.stderrLines()).hasSizeBetween(2, 3)
          .allSatisfy(line -> assertThat(line).startsWith("connection failed: "));
    }
  }

  private void sendRaw(ByteBuffer bytes) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.shutdownOutput();
      ByteBuffer answer = ByteBuffer.allocate(1024);
      while (channel.read(answer) >= 0) {
        answer.clear(); // Until the server times out.
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("reset"); // It may do so while bytes are under way.
    }
  }

  @Test
  void exitsAfterFirstClientWithOnce() throws Exception {
    try (ChildServer server = ChildServer.start(CommandProcesses.serve(socket(), "--once"))) {
      ServedTestDevice.inChildServer(server).mark(1);

      assertThat(server.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(socket()).doesNotExist();
    }
  }

  @Test
  void exitsAtEndOfStdin() throws Exception {
    try (ChildProcess server =
        CommandProcesses.start("serve", "scratch", "--socket", socket().toString(), "--until-eof",
            "--json")) {
      CommandProcesses.await(server, CommandProcesses.event("listening"));
      server.stdin().close();

      assertThat(server.await(CommandProcesses.TIMEOUT)).isEqualTo(ExitCodes.SUCCESS);
      assertThat(socket()).doesNotExist();
    }
  }

  @Test
  void loadsFile() throws Exception {
    Path file = folder.resolve("content");
    Files.write(file, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    try (ChildServer server = ChildServer.start(CommandProcesses.serve(socket(), "--load", file.toString()));
        VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
      assertThat(client.readLong(2, 0)).isEqualTo(0x0807060504030201L);
      assertThat(client.readLong(2, 8)).isZero();
    }
  }

  @Test
  void keepsRecordingWhenKilled() throws Exception {
    Path file = folder.resolve("a.rec");
    try (ChildServer server =
        ChildServer.start(CommandProcesses.serve(socket(), "--record", file.toString()))) {
      ServedTestDevice.inChildServer(server).mark(1);
      try (VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
        client.readLong(2, 0);
        server.kill();
      }
    }
    CommandRun run = CommandRun.vfio4j("inspect", file.toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out().lines()).filteredOn(line -> line.startsWith("connection "))
        .satisfiesExactly(line -> assertThat(line).startsWith("connection 1 to "),
            line -> assertThat(line).startsWith("connection 1 ended"),
            line -> assertThat(line).startsWith("connection 2 to "));
    // The reply may have been in flight when the server died.
    assertThat(run.out().lines().filter(line -> line.startsWith("2 ")))
        .anySatisfy(line -> assertThat(line).contains(" > REGION_READ #", " offset=0x0 region=2 count=8"));
  }

  @Test
  void refusesUnwritableRecording() {
    CommandRun run =
        CommandRun.vfio4j("serve", "scratch", "--socket", socket().toString(), "--record", folder.toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(run.err()).contains("--record").contains(folder.toString());
    assertThat(socket()).doesNotExist();
  }
}
