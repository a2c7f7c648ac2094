// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.migration.OwnershipQuery;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Futures;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A listener rejects peers that disconnect, send nothing or something else, and serves the others. */
class RejectedPeersTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(200);

  @TempDir
  private Path folder;

  private final PeerPolicy policy = TestKeys.SET.policy("localhost");
  private final BlockingQueue<PeerRefusedException> refusals = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
  }

  private TransportListener listen(String kind, Duration firstFrame) throws IOException {
    TransportAddress address = kind.equals("unix")
        ? new TransportAddress.Unix(folder.resolve("m.sock"))
        : new TransportAddress.Tcp("localhost", 0);
    TransportListener listener = TransportListener.open(address, policy, refusals::add,
        new TransportListener.Timeouts(LONG, firstFrame));
    open.add(listener);
    return listener;
  }

  private Transport connect(TransportListener listener) throws IOException {
    Transport transport = TransportConnector.connect(listener.address(), policy, LONG);
    open.add(transport);
    return transport;
  }

  private static CompletableFuture<Transport> acceptOpened(TransportListener listener) {
    return Futures.submit(TransportPair.THREADS, () -> Connections.acceptOpened(listener, LONG).control());
  }

  private static void ask(Transport transport, MigrationId migration) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      new FrameWriter(new FrameStream(transport, LONG),
          arena.allocate(FrameHeader.BYTES + FrameKind.HELLO.maxLength())).sendQuery(migration);
    }
  }

  private PeerRefusedException refusal() throws InterruptedException {
    PeerRefusedException refusal = refusals.poll(1, TimeUnit.MINUTES);
    assertThat(refusal).isNotNull();
    return refusal;
  }

  /** The accepted peer gets an answer to the query that it sent before it was accepted. */
  private void assertServes(CompletableFuture<Transport> accepted, TransportListener listener)
      throws IOException {
    MigrationId migration = MigrationId.random();
    ask(connect(listener), migration);
    try (Transport served = accepted.join()) {
      assertThat(OwnershipQuery.answer(served,
          _ -> new OwnershipAnswer(OwnershipAnswer.Verdict.COMMITTED, "a test"), LONG).migration())
          .isEqualTo(migration);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void servesNextPeerAfterDisconnect(String kind) throws Exception {
    TransportListener listener = listen(kind, LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    connect(listener).close();
    PeerRefusedException refusal = refusal();
    assertThat(refusal.reason()).isEqualTo(Reason.GONE);
    assertThat(refusal).hasMessageEndingWith(": it closed the connection before it sent anything");
    assertThat(accepted).isNotDone();
    assertServes(accepted, listener);
  }

  /** A second listener at the same path connects to see whether the socket is in use. */
  @Test
  void keepsListeningAfterPathProbe() throws Exception {
    TransportListener listener = listen("unix", LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    assertThatThrownBy(() -> TransportPair.listener((TransportAddress.Unix) listener.address()))
        .isInstanceOf(IOException.class).hasMessageContaining("in use");
    assertThat(refusal().reason()).isEqualTo(Reason.GONE);
    assertServes(accepted, listener);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void servesOthersDespiteSilentPeer(String kind) throws Exception {
    TransportListener listener = listen(kind, LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    connect(listener);
    assertServes(accepted, listener);
    assertThat(refusals).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void timesOutSilentPeer(String kind) throws Exception {
    TransportListener listener = listen(kind, SHORT);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    Transport silent = connect(listener);
    PeerRefusedException refusal = refusal();
    assertThat(refusal.reason()).isEqualTo(Reason.TOO_SLOW);
    assertThat(refusal).hasMessageEndingWith(": it sent nothing in time");
    assertThat(silent.receive(ByteBuffer.allocate(1), LONG)).isEqualTo(-1);
    assertThat(accepted).isNotDone();
  }

  /** Trickling bytes do not restart the timer. */
  @Test
  void timesOutIncompleteFirstFrame() throws Exception {
    TransportListener listener = listen("unix", SHORT);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    ByteBuffer preamble = ByteBuffer.allocate(Preamble.BYTES);
    Preamble.write(preamble);
    connect(listener).send(preamble.flip(), LONG);
    assertThat(refusal()).hasMessageEndingWith(": its first frame was not complete in time");
    assertThat(accepted).isNotDone();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void rejectsForeignProtocolWithReason(String kind) throws Exception {
    TransportListener listener = listen(kind, LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    Transport peer = connect(listener);
    peer.send(ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII)), LONG);
    assertThat(receiveReason(peer)).contains("not a vfio4j migration stream").contains("nothing was touched");
    PeerRefusedException refusal = refusal();
    assertThat(refusal.reason()).isEqualTo(Reason.NO_STREAM);
    assertThat(refusal).hasMessageContaining("not a vfio4j migration stream");
    assertServes(accepted, listener);
  }

  private static String receiveReason(Transport peer) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      FrameReader in = new FrameReader(peer, arena.allocate(FrameHeader.BYTES + FrameKind.HELLO.maxLength()));
      assertThat(in.next(LONG)).isEqualTo(FrameKind.FAILED);
      String text = in.text();
      peer.close();
      return text;
    }
  }

  @Test
  void rejectsUnexpectedFirstFrame() throws Exception {
    TransportListener listener = listen("unix", LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    Transport peer = connect(listener);
    try (Arena arena = Arena.ofConfined()) {
      new FrameWriter(new FrameStream(peer, LONG), arena.allocate(1000)).send(FrameKind.LOADED);
    }
    assertThat(receiveReason(peer)).contains("the stream begins with LOADED");
    assertThat(refusal().reason()).isEqualTo(Reason.NO_STREAM);
    assertThat(accepted).isNotDone();
  }

  @Test
  void rejectsAbortBeforeHello() throws Exception {
    TransportListener listener = listen("unix", LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    try (Arena arena = Arena.ofConfined()) {
      new FrameWriter(new FrameStream(connect(listener), LONG), arena.allocate(2000))
          .sendText(FrameKind.ABORT, "no device");
    }
    assertThat(refusal().reason()).isEqualTo(Reason.ABORTED);
    assertThat(accepted).isNotDone();
  }

  /** More connections than the backlog and the queue of first frames hold. */
  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void servesPeerDespiteIdleConnections(String kind) throws Exception {
    TransportListener listener = listen(kind, LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    for (int i = 0; i < 2 * HandshakeQueue.MAX_PENDING + 3; i++) {
      connect(listener);
    }
    assertServes(accepted, listener);
    assertThat(refusal().reason()).isEqualTo(Reason.CROWDED_OUT);
  }

  /** Connections that arrive before the first accept, each with its first frame, are all served. */
  @Test
  void keepsActivePeers() throws Exception {
    TransportListener listener = listen("unix", LONG);
    List<MigrationId> asked = new ArrayList<>();
    for (int i = 0; i < 3 * HandshakeQueue.MAX_PENDING; i++) {
      asked.add(MigrationId.random());
      ask(connect(listener), asked.getLast());
    }
    List<MigrationId> answered = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      try (Transport served = listener.acceptOpened(LONG, FrameKind.ASK::equals)) {
        answered.add(OwnershipQuery.answer(served,
            _ -> new OwnershipAnswer(OwnershipAnswer.Verdict.COMMITTED, "a test"), LONG).migration());
      }
    }
    assertThat(answered).containsExactlyInAnyOrderElementsOf(asked);
    assertThat(refusals).isEmpty();
  }

  @Test
  void keepsFirstFrameForLaterAccept() throws Exception {
    TransportListener listener = listen("unix", LONG);
    MigrationId migration = MigrationId.random();
    ask(connect(listener), migration);
    assertThatThrownBy(() -> listener.acceptOpened(SHORT, FrameKind.JOIN::equals))
        .isInstanceOf(StalledException.class);
    try (Transport served = listener.acceptOpened(LONG, FrameKind.ASK::equals)) {
      assertThat(OwnershipQuery.answer(served,
          _ -> new OwnershipAnswer(OwnershipAnswer.Verdict.COMMITTED, "a test"), LONG).migration())
          .isEqualTo(migration);
    }
  }

  /** Peers of another address are not evicted by a flood from one. */
  @Test
  void evictsFromFloodingAddressOnly() throws Exception {
    TransportListener listener = listen("tcp", LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    for (int i = 0; i < HandshakeQueue.MAX_PENDING / 2; i++) {
      sendHello(connectFrom("127.0.0.2", listener));
    }
    for (int i = 0; i < 3 * HandshakeQueue.MAX_PENDING; i++) {
      connectFrom("127.0.0.3", listener);
    }
    for (int i = 0; i < 2 * HandshakeQueue.MAX_PENDING; i++) {
      PeerRefusedException refusal = refusal();
      assertThat(refusal.reason()).isEqualTo(Reason.CROWDED_OUT);
      assertThat(refusal.peer()).startsWith("tcp:127.0.0.3:");
    }
    assertServes(accepted, listener);
  }

  /** Of the peers of one address, those that have sent nothing are evicted first, although they are the youngest. */
  @Test
  void evictsSilentPeersFirst() throws Exception {
    TransportListener listener = listen("tcp", LONG);
    CompletableFuture<Transport> accepted = acceptOpened(listener);
    Socket speaking = connectFrom("127.0.0.2", listener);
    sendHello(speaking);
    List<String> silent = new ArrayList<>();
    for (int i = 0; i < 2 * HandshakeQueue.MAX_PENDING; i++) {
      silent.add("tcp:127.0.0.2:" + connectFrom("127.0.0.2", listener).getLocalPort());
    }
    for (int i = 0; i < HandshakeQueue.MAX_PENDING; i++) {
      assertThat(refusal().peer()).isIn(silent);
    }
    assertThat(speaking.isConnected()).isTrue();
    assertThat(accepted).isNotDone();
  }

  private Socket connectFrom(String address, TransportListener listener) throws IOException {
    TransportAddress.Tcp tcp = (TransportAddress.Tcp) listener.address();
    Socket socket = new Socket();
    open.add(socket);
    socket.bind(new InetSocketAddress(address, 0));
    socket.connect(new InetSocketAddress(tcp.host(), tcp.port()));
    return socket;
  }

  /** Sends the beginning of a ClientHello. */
  private static void sendHello(Socket socket) throws IOException {
    socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1});
  }

  /** Connecting waits for room in the backlog, as over TCP. */
  @Test
  void waitsWhenListenBacklogIsFull() throws Exception {
    TransportAddress.Unix address = new TransportAddress.Unix(folder.resolve("full.sock"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(address.path()), 1);
      for (int i = 0; i < 2; i++) {
        SocketChannel idle = SocketChannel.open(UnixDomainSocketAddress.of(address.path()));
        open.add(idle);
      }
      assertThatThrownBy(() -> TransportConnector.connect(address, policy, SHORT))
          .isInstanceOf(StalledException.class).hasMessageContaining("accepted no further connection");
      CompletableFuture<Transport> connected =
          Futures.submit(TransportPair.THREADS, () -> TransportConnector.connect(address, policy, LONG));
      for (int i = 0; i < 3; i++) {
        open.add(server.accept());
      }
      open.add(connected.join());
    }
  }

  /** The message names the peer. */
  @Test
  void namesPeerOfBrokenConnection() throws Exception {
    TransportListener listener = listen("unix", LONG);
    Transport transport = connect(listener);
    listener.accept(LONG).close();
    assertThatThrownBy(() -> transport.send(ByteBuffer.wrap(new byte[1]), LONG))
        .hasMessage(
            "the connection to %s broke: EPIPE (broken pipe)".formatted(listener.address()));
  }

  /** The listener closes the first connection, as it does with an evicted peer, and serves the second. */
  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void reconnectsWhenClosedBeforeAnswer(String kind) throws Exception {
    TransportListener listener = listen(kind, LONG);
    CompletableFuture<Transport> accepted = Futures.submit(TransportPair.THREADS, () -> {
      listener.accept(LONG).close();
      return listener.accept(LONG);
    });
    Transport transport = TransportConnector.connectWithRetry(listener.address(), policy, LONG);
    open.add(transport);
    MigrationId migration = MigrationId.random();
    CompletableFuture<OwnershipAnswer> answer =
        Futures.submit(TransportPair.THREADS, () -> OwnershipQuery.query(transport, migration, LONG));
    try (Transport served = accepted.join()) {
      assertThat(OwnershipQuery.answer(served,
          _ -> new OwnershipAnswer(OwnershipAnswer.Verdict.COMMITTED, "a test"), LONG).migration())
          .isEqualTo(migration);
      assertThat(answer.join().reason()).isEqualTo("a test");
    }
  }

  @Test
  void reconnectsOnlyOnce() throws Exception {
    TransportListener listener = listen("unix", LONG);
    CompletableFuture<Integer> closed = Futures.submit(TransportPair.THREADS, () -> {
      for (int i = 0; i < 2; i++) {
        listener.accept(LONG).close();
      }
      return 2;
    });
    Transport transport = TransportConnector.connectWithRetry(listener.address(), policy, LONG);
    open.add(transport);
    assertThatThrownBy(() -> OwnershipQuery.query(transport, MigrationId.random(), LONG))
        .isInstanceOfAny(EOFException.class, ConnectionBrokenException.class);
    assertThat(closed.join()).isEqualTo(2);
  }
}
