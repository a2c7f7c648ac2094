// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.InMemoryClient;
import io.vfio4j.vfiouser.server.InMemoryServer;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.Command;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log of a server about its clients, and the reasons that it sends them. */
class ServerLogTest {

  @TempDir
  private Path folder;

  /** The actions of a test as the only client of a server. */
  @FunctionalInterface
  private interface Visit {
    void by(VfioUserClient client) throws Exception;
  }

  /** The name of this process as its first client. */
  private static String name() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one(); UnixSocket other = pair.other()) {
      UnixSocket.PeerCredentials credentials = one.peerCredentials();
      assertThat(other.peerCredentials()).isEqualTo(credentials);
      return "client 1 (pid %d, uid %d)".formatted(credentials.pid(), credentials.uid());
    }
  }

  /** Serves one client, and returns the log until it has disconnected. */
  private List<String> log(Visit visit) throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    ServerLog log = (level, line) -> lines.add(level + " " + line);
    try (TestDevice device = TestDevice.create(); VfioUserServer server =
        VfioUserServer.listen(folder.resolve("s"), device, ServerOptions.DEFAULT.withOnce(true), log)) {
      BackgroundTask<Boolean> run = BackgroundTask.start("test-server", () -> {
        server.run();
        return true;
      });
      try (VfioUserClient client = VfioUserClient.connect(folder.resolve("s"), ClientOptions.DEFAULT)) {
        lines.removeIf(line -> line.startsWith("DEBUG")); // The first queries of a client.
        visit.by(client);
      }
      run.result();
    }
    return new ArrayList<>(lines);
  }

  @Test
  void logsConnectAndDisconnect() throws Exception {
    assertThat(log(client -> {
    })).containsExactly("INFO " + name() + " connected",
        "INFO " + name() + " disconnected: it closed the connection");
  }

  @Test
  void logsAndSendsErrorReasons() throws Exception {
    List<DeviceException> refused = new ArrayList<>();
    List<String> lines = log(client -> {
      refused.add(catchThrowableOfType(DeviceException.class,
          () -> client.writeInt(TestDevice.BAR0, 1L << 40, 1)));
      refused.add(catchThrowableOfType(DeviceException.class,
          () -> client.readInt(TestDevice.ABSENT, 0x10)));
    });

    assertThat(refused).allSatisfy(e -> assertThat(e.reason()).isPresent());
    assertThat(lines).hasSize(4);
    assertThat(lines.get(1)).startsWith("INFO " + name()
        + ": REGION_WRITE (offset=0x10000000000, region=0, count=4) refused: EINVAL (invalid argument): ")
        .endsWith(refused.get(0).reason().orElseThrow());
    assertThat(lines.get(2))
        .startsWith("INFO " + name() + ": REGION_READ (offset=0x10, region=4, count=4) refused: ")
        .endsWith(refused.get(1).reason().orElseThrow());
  }

  @Test
  void reportsReasonOfFailedTransition() throws Exception {
    TransitionException[] failure = new TransitionException[1];
    List<String> lines = log(client -> {
      client.moveTo(DeviceState.STOP);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment nonsense = arena.allocate(64);
        ResumingSession session =
            (ResumingSession) client.moveTo(DeviceState.RESUMING).session().orElseThrow();
        session.write(nonsense);
      }
      failure[0] = catchThrowableOfType(TransitionException.class, () -> client.moveTo(DeviceState.STOP));
      client.reset();
    });

    String reason = failure[0].reason().orElseThrow();
    assertThat(failure[0]).hasMessageContaining(": " + reason + "; it is in ");
    assertThat(lines)
        .anyMatch(line -> line.contains(": DEVICE_FEATURE (flags=MIG_DEVICE_STATE|set, state=STOP) refused: ")
            && line.endsWith(": " + reason));
  }

  @Test
  void doesNotLogProbes() throws Exception {
    List<String> lines =
        log(client -> assertThatThrownBy(() -> client.dma().unmap(new IovaRange(0x1000, 0x1000)))
            .isInstanceOfSatisfying(DeviceException.class,
                e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT)));

    assertThat(lines).filteredOn(line -> line.contains("DMA_UNMAP"))
        .singleElement().asString().startsWith("DEBUG ").contains("address=0x1000, size=0x1000");
  }

  /** Sends bytes that are not vfio-user, once. */
  private static final class Nonsense implements InMemoryClient {
    private boolean sent;

    @Override
    public List<Piece> next() {
      if (sent) {
        return List.of();
      }
      sent = true;
      byte[] words = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
      return List.of(new Piece(MemorySegment.ofArray(words), List.of()));
    }

    @Override
    public boolean isReady(long nanos) {
      return true;
    }

    @Override
    public void receive(MemorySegment head, MemorySegment tail, List<Fd> fds) {
      // Ignored.
    }
  }

  @Test
  void boundsLogAcrossReconnects() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    ServerLog log = (level, line) -> lines.add(level + " " + line);
    int visits = 40;
    try (TestDevice device = TestDevice.create();
        InMemoryServer server = new InMemoryServer(device, ServerOptions.DEFAULT, log, () -> 0)) {
      for (int i = 0; i < visits; i++) {
        server.serve(new Nonsense());
      }
    }

    assertThat(lines).filteredOn(line -> line.startsWith("WARNING connection failed: "))
        .hasSize(LogLimiter.BURST);
    assertThat(lines).filteredOn(line -> line.contains("suppressed ") && line.contains("connection failed: "))
        .hasSize(2).first().asString().startsWith("WARNING suppressed 1 lines like: ");
    assertThat(lines).hasSizeLessThan(visits);
  }

  @Test
  void boundsLogOfClient() throws Exception {
    List<String> lines = log(client -> {
      for (int i = 0; i < 1_000; i++) {
        assertThatThrownBy(() -> client.readInt(TestDevice.ABSENT, 0)).isInstanceOf(DeviceException.class);
      }
    });

    assertThat(lines).hasSizeLessThan(60)
        .anyMatch(line -> line.contains("suppressed ") || line.contains(" similar lines "));
  }

  /** The log names flags, of which a client can send every combination. */
  @Test
  void boundsLogOfFlags() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    ServerLog log = (level, line) -> lines.add(level + " " + line);
    try (TestDevice device = TestDevice.create(); VfioUserServer server =
        VfioUserServer.listen(folder.resolve("s"), device, ServerOptions.DEFAULT.withOnce(true), log)) {
      BackgroundTask<Boolean> run = BackgroundTask.start("test-server", () -> {
        server.run();
        return true;
      });
      try (RawPeer peer = new RawPeer(UnixSocket.connect(folder.resolve("s")))) {
        peer.negotiate();
        for (int flags = 0; flags < 0x400; flags++) {
          peer.assertRefused(Errno.EINVAL, Command.DMA_MAP,
              MessageBytes.empty().u32(32, flags).u64(0, 1, 1));
        }
      }
      run.result();
    }

    assertThat(lines).filteredOn(line -> line.contains(": DMA_MAP (")).hasSizeBetween(1, 60);
  }
}
