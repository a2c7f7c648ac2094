// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another user is at the other end of a UNIX socket with permissive mode. */
class OtherUserIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final long MARK = 0x0123_4567_89ab_cdefL;

  /** The user nobody; the user ID need not exist. */
  private static final String NOBODY = "65534";

  @TempDir
  private Path folder;

  private Path socket;
  private ChildServer device;

  @BeforeEach
  void serve() throws Exception {
    TestPrerequisites.requireRootAnd("running a process as another user", "setpriv");
    allow(folder, "rwxrwxrwx");
    socket = folder.resolve("move.sock");
    device = ChildServer.start(List.of("serve", "scratch", "--memory", "1m", "--keep-state", "--socket",
        folder.resolve("a.sock").toString()));
    try (VfioUserClient client = connect()) {
      client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, MARK);
    }
  }

  @AfterEach
  void end() {
    if (device != null) {
      device.close();
    }
  }

  private static void allow(Path file, String mode) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  private VfioUserClient connect() throws IOException {
    return VfioUserClient.connect(device.socket(), ClientOptions.DEFAULT.withKeepState(true));
  }

  private void assertUntouched() throws IOException {
    try (VfioUserClient client = connect()) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).isEqualTo(MARK);
    }
  }

  private ChildProcess vfio4j(String command, String role, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(command, role, "unix:" + socket, "--json", "--state-dir",
        folder.resolve("state").toString(), "vfio-user:" + device.socket()));
    arguments.addAll(List.of(more));
    return ChildProcess.startWithPrefix(List.of(), arguments);
  }

  private Process startOtherUserPeer(String role) throws IOException {
    return startOtherUserPeer(role, socket);
  }

  private Process startOtherUserPeer(String role, Path where) throws IOException {
    Path classes = Files.createDirectories(folder.resolve("classes/io/vfio4j/interop"));
    try (InputStream code = requireNonNull(OtherUserPeer.class.getResourceAsStream("OtherUserPeer.class"))) {
      Files.write(classes.resolve("OtherUserPeer.class"), code.readAllBytes());
    }
    return new ProcessBuilder("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-cp",
        folder.resolve("classes").toString(), OtherUserPeer.class.getName(), role, where.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static void await(ChildProcess child, String what) throws InterruptedException {
    String line = child.readLine(TIMEOUT);
    while (line != null && !line.contains(what)) {
      line = child.readLine(TIMEOUT);
    }
    assertThat(line).as("'%s' from %s; standard error: %s", what, child, child.stderrLines()).isNotNull();
  }

  private static List<String> errorLines(ChildProcess child) throws InterruptedException {
    List<String> lines = new ArrayList<>();
    for (String line = child.readLine(TIMEOUT); line != null; line = child.readLine(TIMEOUT)) {
      lines.add(line);
    }
    return lines;
  }

  @Test
  void rejectsOtherUserAndKeepsListening() throws Exception {
    try (ChildProcess receiver = vfio4j("receive", "--listen")) {
      await(receiver, "\"listening\"");
      Process outside = startOtherUserPeer("connect");
      assertThat(outside.inputReader().readLine()).as("the mode of the socket").startsWith("not connected: ");

      allow(socket, "rw-rw-rw-");
      Process inside = startOtherUserPeer("connect");
      assertThat(inside.inputReader().readLine()).isEqualTo("received nothing");

      await(receiver, "\"reason\":\"wrong_user\"");
      assertThat(receiver.isAlive()).isTrue();
      receiver.terminate();
      assertThat(errorLines(receiver)).noneMatch(line -> line.contains("\"moving\""));
      assertThat(receiver.await(TIMEOUT)).isEqualTo(1);
      assertThat(receiver.stderrLines()).anySatisfy(line -> assertThat(line)
          .matches(
              "vfio4j: refused the client of unix:.*: it runs as user .+, and only root may connect"));
    }
    assertUntouched();
  }

  @Test
  void controlSocketRejectsOtherUser() throws Exception {
    Path control = folder.resolve("c.control");
    try (
        ChildServer served = ChildServer.start(List.of("serve", "scratch", "--memory", "1m", "--socket",
            folder.resolve("c.sock").toString(), "--control", control.toString()));
        VfioUserClient vmm = VfioUserClient.connect(served.socket(), ClientOptions.DEFAULT)) {
      Process outside = startOtherUserPeer("connect", control);
      assertThat(outside.inputReader().readLine()).as("the mode of the socket").startsWith("not connected: ");

      allow(control, "rw-rw-rw-");
      Process inside = startOtherUserPeer("connect", control);
      assertThat(inside.inputReader().readLine()).isEqualTo("received nothing");

      try (ControlClient own = ControlClient.connect(control, ClientOptions.DEFAULT)) {
        assertThat(own.info().vmm()).isPresent();
      }
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.ID))
          .isEqualTo(ScratchLayout.ID_VALUE);
      assertThat(served.stop()).isZero();
      assertThat(served.stderrLines()).anySatisfy(line -> assertThat(line)
          .contains("uid " + NOBODY, "rejected: only root and the server's own user may connect"));
    }
  }

  @Test
  void sendsNothingToOtherUsersListener() throws Exception {
    Process listener = startOtherUserPeer("listen");
    BufferedReader output = listener.inputReader();
    assertThat(output.readLine()).isEqualTo("listening");
    try (ChildProcess sender = vfio4j("send", "--connect")) {
      assertThat(output.readLine()).isEqualTo("received nothing");
      assertThat(errorLines(sender)).noneMatch(line -> line.contains("\"moving\""));
      assertThat(sender.await(TIMEOUT)).isEqualTo(1);
      assertThat(String.join("\n", sender.stderrLines())).contains("unix:" + socket)
          .containsPattern("it runs as user .+, and only root may connect");
    }
    assertUntouched();
  }

  /** With the option that allows it, the user refused above is accepted. */
  @Test
  void acceptsAllowedUser() throws Exception {
    Process listener = startOtherUserPeer("listen");
    BufferedReader output = listener.inputReader();
    assertThat(output.readLine()).isEqualTo("listening");
    try (ChildProcess sender = vfio4j("send", "--connect", "--peer-uid", NOBODY)) {
      assertThat(output.readLine()).isEqualTo("received VFIO4JMS");
      assertThat(sender.await(TIMEOUT)).isEqualTo(1);
    }
    assertUntouched();
  }
}
