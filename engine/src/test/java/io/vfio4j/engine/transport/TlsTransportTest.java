// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vfio4j.engine.Transport;
import io.vfio4j.testkit.Seeds;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** TLS transports through a proxy that splits, changes or cuts the data. Keys are updated every MiB: see TestKeys. */
class TlsTransportTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final TransportAddress.Tcp ANYWHERE = new TransportAddress.Tcp("localhost", 0);
  private static final PeerPolicy POLICY = TestKeys.SET.policy("localhost");

  /** Two ends with a proxy between them. */
  private record ProxiedPair(ByteProxy proxy, TransportPair ends) implements AutoCloseable {

    static ProxiedPair of(ByteProxy.Faults meddling, RandomGenerator random) throws IOException {
      try (TransportListener listener = TransportListener.open(ANYWHERE, POLICY, refusal -> {
        throw new AssertionError("refused", refusal);
      })) {
        CompletableFuture<Transport> accepted = CompletableFuture.supplyAsync(() -> {
          try {
            return listener.accept(LONG);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        }, TransportPair.THREADS);
        ByteProxy proxy = new ByteProxy(listener.address(), meddling, random);
        return new ProxiedPair(proxy,
            new TransportPair(TransportConnector.connect(proxy.address(), POLICY, LONG), accepted.join()));
      }
    }

    @Override
    public void close() throws IOException {
      try (proxy) {
        ends.close();
      }
    }
  }

  private static ByteBuffer bytes(RandomGenerator random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return ByteBuffer.allocateDirect(count).put(bytes).flip();
  }

  /** Sends in pieces of random length. */
  private static CompletableFuture<Void> send(Transport to, ByteBuffer data, long seed) {
    return CompletableFuture.runAsync(() -> {
      RandomGenerator random = new Random(seed);
      ByteBuffer left = data.duplicate();
      try {
        while (left.hasRemaining()) {
          int count = Math.min(left.remaining(), 1 + random.nextInt(1 << random.nextInt(20)));
          to.send(left.slice(left.position(), count), LONG);
          left.position(left.position() + count);
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }, TransportPair.THREADS);
  }

  /** Receives into buffers of random length, and sometimes polls first. */
  private static ByteBuffer receive(Transport from, int count, RandomGenerator random) throws IOException {
    ByteBuffer all = ByteBuffer.allocateDirect(count);
    while (all.hasRemaining()) {
      int room = Math.min(all.remaining(), 1 + random.nextInt(1 << random.nextInt(21)));
      boolean known = random.nextInt(3) == 0 && from.hasInput();
      ByteBuffer into = all.slice(all.position(), room);
      int received = from.receive(into, known ? Duration.ofNanos(1) : LONG);
      assertThat(received).isEqualTo(into.position()).isPositive();
      all.position(all.position() + received);
    }
    return all.flip();
  }

  /** Both directions at the same time, with a sending and a receiving thread at each end. */
  @Test
  void transfersRandomlySplitRecords() {
    Seeds.forEach(4, random -> {
      int longest = 1 << (7 + random.nextInt(10));
      try (ProxiedPair between = ProxiedPair.of(ByteProxy.Faults.pieces(longest), random)) {
        TransportPair ends = between.ends();
        ByteBuffer forth = bytes(random, 1 + random.nextInt(1_500_000));
        ByteBuffer back = bytes(random, 1 + random.nextInt(1_500_000));
        CompletableFuture<Void> sentForth = send(ends.one(), forth, random.nextLong());
        CompletableFuture<Void> sentBack = send(ends.other(), back, random.nextLong());
        RandomGenerator other = new Random(random.nextLong());
        CompletableFuture<ByteBuffer> arrived = CompletableFuture.supplyAsync(() -> {
          try {
            return receive(ends.other(), forth.capacity(), other);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        }, TransportPair.THREADS);
        assertThat(receive(ends.one(), back.capacity(), random)).isEqualTo(back);
        assertThat(arrived.get()).isEqualTo(forth);
        sentForth.get();
        sentBack.get();
      }
    });
  }

  @Test
  void transfersByteByByte() throws Exception {
    try (ProxiedPair between = ProxiedPair.of(ByteProxy.Faults.pieces(1), new Random(1))) {
      ByteBuffer data = bytes(new Random(2), 20_000);
      CompletableFuture<Void> sent = send(between.ends().other(), data, 3);
      assertThat(receive(between.ends().one(), data.capacity(), new Random(4))).isEqualTo(data);
      sent.get();
    }
  }

  /** Receives until it fails, and returns the exception; the data before that must be as it was sent. */
  private static Throwable failure(TransportPair ends, ByteBuffer sent) {
    CompletableFuture<Void> sending = send(ends.other(), sent, 5);
    ByteBuffer into = ByteBuffer.allocateDirect(sent.capacity());
    Throwable failure = catchThrowable(() -> {
      while (into.hasRemaining()) {
        assertThat(ends.one().receive(into, LONG)).as("an end").isPositive();
      }
    });
    assertThat(into.flip()).isEqualTo(sent.slice(0, into.limit()));
    assertThat(catchThrowable(sending::join)).satisfiesAnyOf(none -> assertThat(none).isNull(),
        broken -> assertThat(broken).rootCause().isInstanceOf(IOException.class));
    return failure;
  }

  @Test
  void rejectsTamperedRecords() {
    Seeds.forEach(4, random -> {
      int at = 3_000 + random.nextInt(100_000); // Beyond the handshake.
      try (ProxiedPair between = ProxiedPair.of(ByteProxy.Faults.changes(at), random)) {
        assertThat(failure(between.ends(), bytes(random, 300_000))).isInstanceOf(IOException.class)
            .hasMessageContaining("damaged or modified in transit");
      }
    });
  }

  /** Also at the end of a record, where only the missing close_notify reveals it. */
  @Test
  void reportsCutConnectionAsError() {
    Seeds.forEach(6, random -> {
      int at = 3_000 + random.nextInt(100_000);
      try (ProxiedPair between = ProxiedPair.of(ByteProxy.Faults.cuts(at), random)) {
        assertThat(failure(between.ends(), bytes(random, 300_000))).satisfiesAnyOf(
            cut -> assertThat(cut).isInstanceOf(EOFException.class)
                .hasMessageContaining("the connection ended without close_notify"),
            reset -> assertThat(reset).isInstanceOf(IOException.class).hasMessageContaining("reset"));
      }
    });
  }

  @Test
  void reportsMissingCloseNotify() throws Exception {
    try (ProxiedPair between = ProxiedPair.of(ByteProxy.Faults.NONE, new Random(6))) {
      between.ends().other().send(bytes(new Random(7), 10), LONG);
      assertThat(receive(between.ends().one(), 10, new Random(8)).remaining()).isEqualTo(10);
      between.proxy().endQuietly();
      assertThatThrownBy(() -> between.ends().one().receive(ByteBuffer.allocateDirect(1), LONG))
          .isInstanceOf(EOFException.class).hasMessageContaining("ended without close_notify");
      assertThat(between.ends().one().hasInput()).isTrue();
    }
  }
}
