// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

/** A peer that is not accepted is rejected by either end, with a reason at both; the listener serves the next peer. */
class TlsRejectionsTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final TransportAddress.Tcp ANYWHERE = new TransportAddress.Tcp("localhost", 0);
  private final Instant now = Instant.now();

  private final PeerPolicy good = TestKeys.SET.policy("localhost");
  private final BlockingQueue<PeerRefusedException> refusals = new LinkedBlockingQueue<>();

  private TransportListener listen(PeerPolicy policy) throws IOException {
    return TransportListener.open(ANYWHERE, policy, refusals::add);
  }

  /** The exceptions of both ends. */
  private record Rejections(PeerRefusedException listening, PeerRefusedException connecting) {
  }

  /** Connects a peer that must be rejected, and then one that must be accepted; returns both ends' exceptions. */
  private Rejections verdicts(PeerPolicy listening, PeerPolicy connecting) throws Exception {
    try (TransportListener listener = listen(listening)) {
      CompletableFuture<Transport> accepted = accept(listener);
      PeerRefusedException atUs = catchThrowableOfType(PeerRefusedException.class, () -> {
        try (Transport transport =
            TransportConnector.connect(listener.address(), connecting, LONG)) {
          // In TLS 1.3 the client completes before the server checks its certificate.
          transport.receive(ByteBuffer.allocateDirect(1), LONG);
        }
      });
      assertThat(atUs).isNotNull();
      PeerRefusedException atThem = refusals.poll(1, TimeUnit.MINUTES);
      assertThat(atThem).isNotNull();
      assertThat(accepted).isNotDone();
      return new Rejections(atThem, atUs);
    }
  }

  private static CompletableFuture<Transport> accept(TransportListener listener) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return listener.accept(LONG);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }, TransportPair.THREADS);
  }

  private PeerPolicy policyWith(TlsKeys keys) {
    return PeerPolicy.OWN_USER.withKeys(keys);
  }

  private TlsKeys expiredKeys() throws Exception {
    return TestKeys.SET.keys(
        TestKeys.SET.issue(now.minus(TestKeys.DAY.multipliedBy(2)), now.minus(TestKeys.DAY), "localhost"));
  }

  private TlsKeys notYetValidKeys() throws Exception {
    return TestKeys.SET
        .keys(
            TestKeys.SET.issue(now.plus(TestKeys.DAY), now.plus(TestKeys.DAY.multipliedBy(2)), "localhost"));
  }

  /** Trusts our CA, and has a certificate of another. */
  private TlsKeys keysOfAnotherAuthority() throws Exception {
    return TestKeys.SET.keys(TestKeys.create().issue("localhost"));
  }

  @Test
  void rejectsExpiredClientCertificate() throws Exception {
    Rejections verdicts = verdicts(good, policyWith(expiredKeys()));
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.EXPIRED);
    assertThat(verdicts.listening()).hasMessageMatching("tcp:127\\.0\\.0\\.1:\\d+: its certificate "
        + "\\(localhost\\) has expired: it was valid until \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z");
    assertThat(verdicts.connecting().reason()).isEqualTo(Reason.REFUSED_US);
    assertThat(verdicts.connecting()).hasMessageContaining("it refused our certificate");
  }

  @Test
  void rejectsExpiredServerCertificate() throws Exception {
    Rejections verdicts = verdicts(policyWith(expiredKeys()), good);
    assertThat(verdicts.connecting().reason()).isEqualTo(Reason.EXPIRED);
    assertThat(verdicts.connecting()).hasMessageContaining("(localhost) has expired: it was valid until ");
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.REFUSED_US);
  }

  @Test
  void rejectsCertificateNotYetValid() throws Exception {
    assertThat(verdicts(good, policyWith(notYetValidKeys())).listening())
        .returns(Reason.NOT_YET_VALID, PeerRefusedException::reason)
        .hasMessageContaining("is not valid yet: it is valid from ")
        .hasMessageContaining("check the clocks of both hosts");
    assertThat(verdicts(policyWith(notYetValidKeys()), good).connecting().reason())
        .isEqualTo(Reason.NOT_YET_VALID);
  }

  @Test
  void rejectsCertificateOfAnotherAuthority() throws Exception {
    Rejections verdicts = verdicts(good, policyWith(keysOfAnotherAuthority()));
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.WRONG_AUTHORITY);
    assertThat(verdicts.listening())
        .hasMessageContaining("is not signed by the trusted CA");
    assertThat(verdicts.connecting().reason()).isEqualTo(Reason.REFUSED_US);
    assertThat(verdicts.connecting()).hasMessageContaining("it refused our certificate");
    assertThat(verdicts(policyWith(keysOfAnotherAuthority()), good).connecting().reason())
        .isEqualTo(Reason.WRONG_AUTHORITY);
  }

  @Test
  void rejectsCertificateForAnotherHost() throws Exception {
    Rejections verdicts = verdicts(TestKeys.SET.policy("host-b", "192.0.2.2"), good);
    assertThat(verdicts.connecting().reason()).isEqualTo(Reason.WRONG_NAME);
    assertThat(verdicts.connecting()).hasMessageContaining("its certificate is for host-b, 192.0.2.2: ")
        .hasMessageContaining("localhost");
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.REFUSED_US);
    verdicts = verdicts(good.withName("host-a"), TestKeys.SET.policy("host-b"));
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.WRONG_NAME);
    assertThat(verdicts.listening()).hasMessageContaining("its certificate is for host-b: ");
  }

  /** The JDK accepts a trusted certificate itself without checking its validity or usage. */
  @Test
  void rejectsAuthorityAsHostCertificate() throws Exception {
    TlsKeys authorityItself = TestKeys.SET.keys(TestKeys.SET.authority().ownCertificate());
    Rejections verdicts = verdicts(good, policyWith(authorityItself));
    assertThat(verdicts.listening().reason()).isEqualTo(Reason.WRONG_AUTHORITY);
    assertThat(verdicts.listening()).hasMessageContaining("it is a CA's and not a host's");
  }

  @Test
  void acceptsExplicitPeerName() throws Exception {
    PeerPolicy hostB = TestKeys.SET.policy("host-b");
    try (TransportPair ends =
        TransportPair.over(ANYWHERE, good.withName("host-b"), hostB.withName("localhost"))) {
      assertThat(ends.one().peer()).endsWith(" (host-b)");
      assertThat(ends.other().peer()).endsWith(" (localhost)");
    }
  }

  private PeerRefusedException awaitRejection(TransportListener listener) throws Exception {
    CompletableFuture<Transport> accepted = accept(listener);
    PeerRefusedException refusal = refusals.poll(1, TimeUnit.MINUTES);
    assertThat(refusal).isNotNull();
    assertThat(accepted).isNotDone();
    try (Transport next = TransportConnector.connect(listener.address(), good, LONG);
        Transport admitted = accepted.get()) {
      assertThat(admitted.peer()).contains("(localhost)");
      assertThat(next.peer()).contains("(localhost)");
    }
    return refusal;
  }

  private static Socket connect(TransportListener listener) throws IOException {
    TransportAddress.Tcp address = (TransportAddress.Tcp) listener.address();
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(address.host(), address.port()));
    return socket;
  }

  @Test
  void rejectsPlainTextClient() throws Exception {
    try (TransportListener listener = listen(good); Socket socket = connect(listener)) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      PeerRefusedException refusal = awaitRejection(listener);
      assertThat(refusal.reason()).isEqualTo(Reason.NOT_TLS);
      assertThat(refusal).hasMessageEndingWith(": it does not speak TLS");
    }
  }

  @Test
  void rejectsPlainTextServer() throws Exception {
    try (ServerSocket server = new ServerSocket(0)) {
      CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
        try (Socket socket = server.accept()) {
          socket.getOutputStream().write("SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII));
          socket.getInputStream().readAllBytes();
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }, TransportPair.THREADS);
      PeerRefusedException refusal = catchThrowableOfType(PeerRefusedException.class, () -> TransportConnector
          .connect(new TransportAddress.Tcp("localhost", server.getLocalPort()), good, LONG));
      assertThat(refusal.reason()).isEqualTo(Reason.NOT_TLS);
      served.get();
    }
  }

  @Test
  void rejectsClientWithoutCertificate() throws Exception {
    SSLContext withoutKeys = TestKeys.SET.foreignContext();
    try (TransportListener listener = listen(good)) {
      CompletableFuture<Void> client =
          CompletableFuture.runAsync(() -> shakeHands(withoutKeys, listener, "TLSv1.3"),
              TransportPair.THREADS);
      PeerRefusedException refusal = awaitRejection(listener);
      assertThat(refusal.reason()).isEqualTo(Reason.NO_CERTIFICATE);
      assertThat(refusal).hasMessageEndingWith(": it sent no certificate");
      client.get();
    }
  }

  @Test
  void rejectsTls12() throws Exception {
    SSLContext context = TestKeys.SET.foreignContext();
    try (TransportListener listener = listen(good)) {
      CompletableFuture<Void> client =
          CompletableFuture.runAsync(() -> shakeHands(context, listener, "TLSv1.2"), TransportPair.THREADS);
      PeerRefusedException refusal = awaitRejection(listener);
      assertThat(refusal.reason()).isEqualTo(Reason.OLD_TLS);
      assertThat(refusal).hasMessageContaining("it does not offer TLS 1.3");
      client.get();
    }
  }

  /** A foreign client that must be rejected, and gets the error at the latest when it reads. */
  private static void shakeHands(SSLContext context, TransportListener listener, String version) {
    try (Socket plain = connect(listener); SSLSocket socket = (SSLSocket) context.getSocketFactory()
        .createSocket(plain, "localhost", plain.getPort(), true)) {
      socket.setEnabledProtocols(new String[] {version});
      assertThat(catchThrowable(() -> socket.getInputStream().read()))
          .isInstanceOf(SSLException.class).hasMessageContaining("alert");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void reportsClientGoneDuringHandshake() throws Exception {
    try (TransportListener listener = listen(good)) {
      try (Socket socket = connect(listener)) {
        socket.getOutputStream().write(new byte[] {22, 3, 1, 2});
      }
      PeerRefusedException refusal = awaitRejection(listener);
      assertThat(refusal.reason()).isEqualTo(Reason.GONE);
      assertThat(refusal).hasMessageEndingWith(": it closed the connection during the TLS handshake");
    }
  }

  /** Trickling bytes do not restart the timer. */
  @Test
  void timesOutTricklingHandshake() throws Exception {
    try (TransportListener listener =
        TransportListener.open(ANYWHERE, good, refusals::add,
            new TransportListener.Timeouts(Duration.ofSeconds(1), LONG));
        Socket socket = connect(listener)) {
      CompletableFuture<Boolean> trickling =
          CompletableFuture.supplyAsync(() -> trickle(socket), TransportPair.THREADS);
      PeerRefusedException refusal = awaitRejection(listener);
      assertThat(refusal.reason()).isEqualTo(Reason.TOO_SLOW);
      assertThat(trickling.get()).isTrue();
    }
  }

  /** Sends a byte every few milliseconds until the connection is closed; the interval is a read timeout. */
  private static boolean trickle(Socket socket) {
    try {
      socket.setSoTimeout(5);
      byte[] hello = {22, 3, 1, 64, 0, 1, 0, 63, (byte) 252, 3, 3};
      for (int i = 0; i < 16_000; i++) {
        socket.getOutputStream().write(i < hello.length ? hello[i] : 7);
        try {
          if (socket.getInputStream().read() < 0) {
            return true;
          }
        } catch (SocketTimeoutException e) {
          // The interval is over.
        }
      }
      return false;
    } catch (IOException e) {
      return true; // The peer has closed.
    }
  }

  /** Silent peers do not delay others; the oldest are evicted. */
  @Test
  void evictsIdleHandshakes() throws Exception {
    List<Socket> silent = new ArrayList<>();
    try (TransportListener listener = listen(good)) {
      CompletableFuture<Transport> accepted = accept(listener);
      for (int i = 0; i < 40; i++) {
        silent.add(connect(listener));
      }
      try (Transport one = TransportConnector.connect(listener.address(), good, LONG);
          Transport other = accepted.get()) {
        one.send(ByteBuffer.wrap(new byte[] {1}), LONG);
        assertThat(other.receive(ByteBuffer.allocate(1), LONG)).isEqualTo(1);
      }
      PeerRefusedException refusal = refusals.poll(1, TimeUnit.MINUTES);
      assertThat(refusal).isNotNull();
      assertThat(refusal.reason()).isEqualTo(Reason.CROWDED_OUT);
      assertThat(refusal).hasMessageContaining("too many others connected during its TLS handshake");
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }
}
