// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.testkit.Seeds;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The transports, their addresses, and the files of UNIX sockets. */
class TransportTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(20);

  @TempDir
  private Path folder;

  private TransportAddress.Unix unix() {
    return new TransportAddress.Unix(folder.resolve("m.sock"));
  }

  private TransportPair ends(String kind) throws IOException {
    if (kind.equals("local")) {
      LocalTransport.Pair pair = LocalTransport.pair(1000);
      return new TransportPair(pair.source(), pair.target());
    }
    TransportAddress address = kind.equals("unix") ? unix() : TransportAddress.parse("tcp:127.0.0.1:0");
    return TransportPair.over(address, TestKeys.SET.policy("127.0.0.1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tcp"})
  void carriesBytesInOrder(String kind) throws Exception {
    try (TransportPair ends = ends(kind); ExecutorService other = Executors.newSingleThreadExecutor()) {
      Seeds.forEach(3, random -> {
        byte[] bytes = new byte[100_000 + random.nextInt(2_000_000)];
        random.nextBytes(bytes);
        Future<byte[]> received = other.submit(() -> receive(ends.other(), bytes.length));
        ends.one().send(ByteBuffer.wrap(bytes), LONG);
        assertThat(received.get()).isEqualTo(bytes);
      });
    }
  }

  private static byte[] receive(Transport from, int count) throws IOException {
    ByteBuffer into = ByteBuffer.allocateDirect(count);
    while (into.hasRemaining()) {
      assertThat(from.receive(into, LONG)).isPositive();
    }
    byte[] bytes = new byte[count];
    into.flip().get(bytes);
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tcp"})
  void timesOutSilentPeer(String kind) throws IOException {
    try (TransportPair ends = ends(kind)) {
      assertThat(ends.one().hasInput()).isFalse();
      assertThatThrownBy(() -> ends.one().receive(ByteBuffer.allocate(1), SHORT))
          .isInstanceOf(StalledException.class).hasMessageContaining("sent nothing for 20 ms");
      ByteBuffer endless = ByteBuffer.allocateDirect(1 << 26);
      assertThatThrownBy(() -> ends.one().send(endless, SHORT))
          .isInstanceOf(StalledException.class).hasMessageContaining("took nothing for 20 ms");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tcp"})
  void reportsEndOfStream(String kind) throws IOException {
    try (TransportPair ends = ends(kind)) {
      ends.one().send(ByteBuffer.wrap(new byte[3]), LONG);
      ends.one().close();
      assertThat(receive(ends.other(), 3)).hasSize(3);
      assertThat(ends.other().receive(ByteBuffer.allocate(1), LONG)).isEqualTo(-1);
      assertThat(ends.other().hasInput()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tcp"})
  void wakesReceiverWhenPeerCloses(String kind) throws Exception {
    try (TransportPair ends = ends(kind); ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<Integer> waiter = other.submit(() -> ends.other().receive(ByteBuffer.allocate(1), LONG));
      ends.one().close();
      assertThat(waiter.get()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tcp"})
  void wakesOtherThreadOnClose(String kind) throws Exception {
    try (TransportPair ends = ends(kind); ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<Integer> waiter = other.submit(() -> ends.one().receive(ByteBuffer.allocate(1), LONG));
      ends.one().close();
      assertThatThrownBy(waiter::get).isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
    }
  }

  @Test
  void restrictsUnixSocketToOwner() throws IOException {
    TransportListener listener = TransportPair.listener(unix());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(unix().path())))
        .isEqualTo("rw-------");
    listener.close();
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void rejectsLiveSocket() throws IOException {
    try (TransportListener listener = TransportPair.listener(unix())) {
      assertThatThrownBy(() -> TransportPair.listener(unix())).isInstanceOf(IOException.class)
          .hasMessageContaining("in use");
      TransportPair.connect(listener.address()).close();
    }
  }

  @Test
  void replacesStaleSocket() throws IOException {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(unix().path()));
    }
    try (TransportListener listener = TransportPair.listener(unix())) {
      TransportPair.connect(listener.address()).close();
    }
  }

  @Test
  void keepsRegularFile() throws IOException {
    Files.writeString(unix().path(), "precious");
    assertThatThrownBy(() -> TransportPair.listener(unix())).isInstanceOf(IOException.class)
        .hasMessageContaining("exists and is not a socket");
    assertThat(unix().path()).hasContent("precious");
  }

  /** The JDK reports a FIFO as "other", like a socket. */
  @Test
  void keepsFifo() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", unix().path().toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> TransportPair.listener(unix())).isInstanceOf(IOException.class)
        .hasMessage("cannot listen on %s: it exists and is not a socket".formatted(unix()));
    assertThatThrownBy(() -> TransportPair.connect(unix())).isInstanceOf(IOException.class)
        .hasMessage("cannot connect to %s: it is not a socket".formatted(unix()));
    assertThat(UnixSocketFile.isSocket(unix().path())).isFalse();
    assertThat(unix().path()).exists();
  }

  @Test
  void namesUnreachableAddress() {
    assertThatThrownBy(() -> TransportPair.connect(new TransportAddress.Unix(folder)))
        .hasMessage("cannot connect to unix:%s: it is not a socket".formatted(folder));
    assertThatThrownBy(() -> TransportPair.connect(unix()))
        .hasMessage("cannot connect to %s: ENOENT (no such file or directory)".formatted(unix()));
    assertThatThrownBy(() -> TransportPair.listener(new TransportAddress.Unix(folder.resolve("no/m.sock"))))
        .hasMessage(
            "cannot listen on unix:%s: there is no directory %s".formatted(folder.resolve("no/m.sock"),
                folder.resolve("no")));
    TransportAddress unknown = new TransportAddress.Tcp("no-such-host.invalid", 1);
    assertThatThrownBy(
        () -> TransportConnector.connect(unknown, TestKeys.SET.policy("localhost"), LONG)).hasMessage(
            "cannot connect to %s: unknown host no-such-host.invalid".formatted(unknown));
  }

  @Test
  void failsWithoutListener() {
    assertThatThrownBy(() -> TransportPair.connect(unix())).isInstanceOf(IOException.class)
        .hasMessageContaining(unix().toString());
  }

  @Test
  void timesOutAcceptWithoutClient() throws IOException {
    try (TransportListener listener = TransportPair.listener(unix())) {
      assertThatThrownBy(() -> listener.accept(SHORT)).isInstanceOf(StalledException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix:/run/x.sock", "tcp:host:1", "tcp:192.0.2.1:65535", "tcp:[::1]:4711",
      "tcp:h:0"})
  void roundTripsAddresses(String text) {
    assertThat(TransportAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "unix:", "unix:a\0b", "tcp:", "tcp:host", "tcp::1", "tcp:host:",
      "tcp:host:65536",
      "tcp:host:-1", "tcp:host:1x", "tcp:::1:5", "tcp:[host]:5", "tcp:[::1]", "udp:host:1"})
  void rejectsInvalidAddresses(String text) {
    assertThatThrownBy(() -> TransportAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void recognizesLoopback() {
    assertThat(TransportAddress.parse("unix:/x").isLoopback()).isTrue();
    assertThat(TransportAddress.parse("tcp:127.0.0.1:1").isLoopback()).isTrue();
    assertThat(TransportAddress.parse("tcp:[::1]:1").isLoopback()).isTrue();
    assertThat(TransportAddress.parse("tcp:0.0.0.0:1").isLoopback()).isFalse();
    assertThat(TransportAddress.parse("tcp:192.0.2.1:1").isLoopback()).isFalse();
  }
}
