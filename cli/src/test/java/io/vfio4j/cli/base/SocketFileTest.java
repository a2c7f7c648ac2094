// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandRun;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A path that is not a socket is reported with its kind, by clients and servers alike. */
class SocketFileTest {

  @TempDir
  private Path folder;

  private void assertKind(Path path, String kind) {
    assertThat(SocketFile.nonSocketKind(path)).contains(kind);
    CommandRun probe = CommandRun.vfio4j("probe", "vfio-user:" + path);
    assertThat(probe.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(probe.err())
        .isEqualTo("vfio4j: vfio-user:%s is %s, not a socket; expected the path that the server listens on\n"
            .formatted(path, kind));
    CommandRun serve = CommandRun.vfio4j("serve", "scratch", "--socket", path.toString());
    assertThat(serve.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(serve.err())
        .isEqualTo(
            "vfio4j: cannot listen on %s: it is %s, which is not replaced\n".formatted(path, kind));
  }

  @Test
  void detectsDirectory() {
    assertKind(folder, "a directory");
  }

  @Test
  void detectsDeviceNode() {
    assertKind(Path.of("/dev/null"), "a device node");
  }

  @Test
  void detectsRegularFile() throws Exception {
    assertKind(Files.writeString(folder.resolve("file"), "x"), "a regular file");
    assertThat(folder.resolve("file")).hasContent("x");
  }

  @Test
  void detectsFifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    assertKind(fifo, "a FIFO");
  }

  @Test
  void acceptsSocketWithoutListener() throws Exception {
    Path socket = folder.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(SocketFile.nonSocketKind(socket)).isEmpty();
    assertThat(SocketFile.nonSocketKind(folder.resolve("nothing"))).isEmpty();
    assertThat(CommandRun.vfio4j("probe", "vfio-user:" + socket).err())
        .contains("the server is no longer listening");
  }
}
