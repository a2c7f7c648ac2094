// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.PeerRefusedException;
import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A flood of rejected peers does not fill the log or hide a rejection for another reason. */
class RejectionLogTest {

  @TempDir
  private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final AtomicLong clock = new AtomicLong();
  private final RejectionLog log =
      new RejectionLog(new Output(new PrintWriter(out), new PrintWriter(err), true, false), clock::get);

  /** Returns the rejection that a listener reports for a peer that sends a text and closes. */
  private PeerRefusedException reject(String sent) throws IOException, InterruptedException {
    Path path = folder.resolve("s");
    BlockingQueue<PeerRefusedException> rejections = new LinkedBlockingQueue<>();
    try (TransportListener listener =
        TransportListener.open(new TransportAddress.Unix(path), PeerPolicy.OWN_USER, rejections::add)) {
      try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        peer.write(ByteBuffer.wrap(sent.getBytes(StandardCharsets.US_ASCII)));
        peer.shutdownOutput();
        PeerRefusedException rejection = null;
        while (rejection == null) {
          try {
            Connections.acceptOpened(listener, Duration.ofMillis(10)).control().close();
          } catch (StalledException e) {
            rejection = rejections.poll(10, TimeUnit.MILLISECONDS);
          }
        }
        return rejection;
      }
    }
  }

  @Test
  void reportsSomeOfEachKindAndCountsRest() throws Exception {
    PeerRefusedException gone = reject("");
    PeerRefusedException garbage = reject("GET / HTTP/1.1 and more");
    assertThat(gone.reason()).isEqualTo(Reason.GONE);
    assertThat(garbage.reason()).isEqualTo(Reason.NO_STREAM);

    for (int i = 0; i < 100; i++) {
      log.accept(gone);
    }
    assertThat(err.toString().lines()).hasSize(RejectionLog.MAX_PER_PERIOD)
        .allSatisfy(line -> assertThat(line).startsWith("vfio4j: refused the client of unix:"));
    log.accept(garbage);
    assertThat(err.toString().lines()).hasSize(RejectionLog.MAX_PER_PERIOD + 1);

    clock.set(RejectionLog.PERIOD.toNanos());
    log.accept(gone);
    assertThat(err.toString().lines().skip(RejectionLog.MAX_PER_PERIOD + 1)).hasSize(2).first()
        .isEqualTo("vfio4j: refused 95 more for the same reason (gone)");
    assertThat(out.toString()).contains("{\"event\":\"refused-more\",\"reason\":\"gone\",\"count\":95}");
  }

  @Test
  void reportsSuppressedCountOnClose() throws Exception {
    PeerRefusedException gone = reject("");
    for (int i = 0; i < 7; i++) {
      log.accept(gone);
    }
    log.close();
    log.close();
    assertThat(err.toString().lines()).hasSize(RejectionLog.MAX_PER_PERIOD + 1).last()
        .isEqualTo("vfio4j: refused 2 more for the same reason (gone)");
  }
}
