// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixServerSocketTest {

  private Path path = Path.of("");

  @BeforeEach
  void choosePath(@TempDir Path folder) {
    path = folder.resolve("x.sock");
  }

  @Test
  void acceptsClientsWithCredentials() throws Exception {
    try (UnixServerSocket server = UnixServerSocket.bind(path); UnixSocket client = UnixSocket.connect(path);
        UnixSocket accepted = server.accept()) {
      UnixSocket.PeerCredentials self =
          new UnixSocket.PeerCredentials((int) ProcessHandle.current().pid(), uid(), gid());
      assertThat(accepted.peerCredentials()).isEqualTo(self);
      assertThat(client.peerCredentials()).isEqualTo(self);
      assertThat(accepted.fd().name()).isEqualTo("client of " + path);
      assertThat(client.fd().name()).isEqualTo(path.toString());
      for (Fd fd : List.of(server.fd(), client.fd(), accepted.fd())) {
        assertThat(Descriptors.isCloseOnExec(fd)).isTrue();
      }
    }
  }

  @Test
  void admitsOwnerOnly() throws Exception {
    try (UnixServerSocket server = UnixServerSocket.bind(path)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.path())))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void replacesStaleSocket() throws Exception {
    UnixServerSocket dead = UnixServerSocket.bind(path);
    dead.fd().close();
    assertThat(path).exists();
    assertErrno(() -> UnixSocket.connect(path), "connect", Errno.ECONNREFUSED);

    try (UnixServerSocket server = UnixServerSocket.bind(path);
        UnixSocket client = UnixSocket.connect(path)) {
      server.accept().close();
      assertThat(client.fd().isOpen()).isTrue();
    }
  }

  @Test
  void keepsLiveSocket() throws Exception {
    try (UnixServerSocket server = UnixServerSocket.bind(path)) {
      assertErrno(() -> UnixServerSocket.bind(path), "bind", Errno.EADDRINUSE);
      server.accept().close(); // the probe
      try (UnixSocket client = UnixSocket.connect(path)) {
        server.accept().close();
        assertThat(client.fd().isOpen()).isTrue();
      }
    }
  }

  @Test
  void treatsFullBacklogAsLive() throws Exception {
    List<UnixSocket> waiting = new ArrayList<>();
    try (UnixServerSocket server = UnixServerSocket.bind(path)) {
      for (int i = 0; i <= 16; i++) { // the kernel queues one more than the backlog
        waiting.add(UnixSocket.connect(path));
      }
      assertErrno(() -> UnixServerSocket.bind(path), "bind", Errno.EADDRINUSE);
      assertThat(server.fd().isOpen()).isTrue();
    } finally {
      waiting.forEach(UnixSocket::close);
    }
  }

  @Test
  void keepsOtherFiles() throws Exception {
    Files.writeString(path, "precious");
    assertErrno(() -> UnixServerSocket.bind(path), "bind", Errno.EADDRINUSE);
    assertThat(path).hasContent("precious");

    Path link = path.resolveSibling("link");
    Files.createSymbolicLink(link, path.resolveSibling("nowhere"));
    assertErrno(() -> UnixServerSocket.bind(link), "bind", Errno.EADDRINUSE);
    assertThat(Files.isSymbolicLink(link)).isTrue();
  }

  @Test
  void checksPaths(@TempDir Path folder) {
    Path longest = folder.resolve("x".repeat(107 - folder.toString().length() - 1));
    Path tooLong = Path.of(longest + "x");
    assertErrno(() -> UnixServerSocket.bind(tooLong), "bind", Errno.ENAMETOOLONG);
    assertErrno(() -> UnixSocket.connect(tooLong), "connect", Errno.ENAMETOOLONG);
    assertErrno(() -> UnixSocket.connect(longest), "connect", Errno.ENOENT);
    assertErrno(() -> UnixServerSocket.bind(Path.of("")), "bind", Errno.ENOENT);
    assertErrno(() -> UnixServerSocket.bind(path.resolve("no/such/folder")), "bind", Errno.ENOENT);
  }

  @Test
  void acceptsLongestPath(@TempDir Path folder) throws Exception {
    Path longest = folder.resolve("x".repeat(107 - folder.toString().length() - 1));
    try (UnixServerSocket server = UnixServerSocket.bind(longest);
        UnixSocket client = UnixSocket.connect(longest)) {
      assertThat(longest).exists();
      server.accept().close();
      assertThat(client.fd().isOpen()).isTrue();
    }
  }

  @Test
  void wakesAcceptOnShutdown() throws Exception {
    try (UnixServerSocket server = UnixServerSocket.bind(path)) {
      Background<UnixSocket> acceptor = Background.start(server::accept);
      Descriptors.awaitSleeperOn(server.fd());

      server.shutdown();

      assertErrno(acceptor::result, "accept4", Errno.EINVAL);
      assertErrno(server::accept, "accept4", Errno.EINVAL);
    }
  }

  @Test
  void wakesAcceptOnClose() throws Exception {
    UnixServerSocket server = UnixServerSocket.bind(path);
    Background<UnixSocket> acceptor = Background.start(server::accept);
    Descriptors.awaitSleeperOn(server.fd());

    server.close();

    assertErrno(acceptor::result, "accept4", Errno.EINVAL);
    assertErrno(server::accept, "accept4", Errno.EBADF);
  }

  @Test
  void removesPathOnClose() throws Exception {
    UnixServerSocket server = UnixServerSocket.bind(path);
    server.close();
    server.close();
    server.shutdown();
    assertThat(path).doesNotExist();
  }

  @Test
  void closeKeepsPathOfSuccessor() throws Exception {
    UnixServerSocket first = UnixServerSocket.bind(path);
    Files.delete(path);
    try (UnixServerSocket second = UnixServerSocket.bind(path)) {
      first.close();
      assertThat(path).exists();
      UnixSocket.connect(path).close();
      second.accept().close();
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void leaksNoDescriptors() throws Throwable {
    assertNoLeaks(() -> {
      try (UnixServerSocket server = UnixServerSocket.bind(path);
          UnixSocket client = UnixSocket.connect(path)) {
        server.accept().close();
        assertErrno(() -> UnixServerSocket.bind(path), "bind", Errno.EADDRINUSE);
        client.shutdown();
      }
      assertErrno(() -> UnixSocket.connect(path), "connect", Errno.ENOENT);
      assertErrno(() -> UnixServerSocket.bind(path.resolve("no")), "bind", Errno.ENOENT);
    });
  }

  private static int uid() throws Exception {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  private static int gid() throws Exception {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
  }

  private static void assertErrno(ThrowingCallable call, String function, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class, e -> {
      assertThat(e.errno()).isEqualTo(errno);
      assertThat(e.function()).isEqualTo(function);
    });
  }

  @Test
  void timesOutWaitingForAccept() throws Exception {
    List<UnixSocket> waiting = new ArrayList<>();
    try (UnixServerSocket server = UnixServerSocket.bind(path)) {
      assertThatThrownBy(() -> {
        while (true) {
          waiting.add(UnixSocket.connect(path, Duration.ofMillis(10)));
        }
      }).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT));
      assertThat(waiting).hasSizeGreaterThan(1);
      assertThat(server.path()).isEqualTo(path);
    } finally {
      waiting.forEach(UnixSocket::close);
    }
  }
}
