// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is not a socket is called what it is, to whoever connects and to whoever listens. */
class SocketFileTest {

  @TempDir
  private Path folder;

  private void isCalled(Path path, String kind) {
    assertThat(SocketFile.otherKind(path)).contains(kind);
    Run probe = Run.vfio4j("probe", "vfio-user:" + path);
    assertThat(probe.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
    assertThat(probe.err())
        .isEqualTo("vfio4j: vfio-user:%s is not a socket, but %s; give the path that the server listens at\n"
            .formatted(path, kind));
    Run serve = Run.vfio4j("serve", "scratch", "--socket", path.toString());
    assertThat(serve.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
    assertThat(serve.err())
        .isEqualTo(
            "vfio4j: cannot listen at %s: %s is there, and it is not replaced\n".formatted(path, kind));
  }

  @Test
  void aDirectory() {
    isCalled(folder, "a directory");
  }

  @Test
  void aDeviceNode() {
    isCalled(Path.of("/dev/null"), "a device node");
  }

  @Test
  void aRegularFile() throws Exception {
    isCalled(Files.writeString(folder.resolve("file"), "x"), "a regular file");
    assertThat(folder.resolve("file")).hasContent("x");
  }

  @Test
  void aFifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    isCalled(fifo, "a FIFO");
  }

  @Test
  void aSocketIsOneEvenIfNobodyListens() throws Exception {
    Path socket = folder.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(SocketFile.otherKind(socket)).isEmpty();
    assertThat(SocketFile.otherKind(folder.resolve("nothing"))).isEmpty();
    assertThat(Run.vfio4j("probe", "vfio-user:" + socket).err()).contains("nobody listens there any more");
  }
}
