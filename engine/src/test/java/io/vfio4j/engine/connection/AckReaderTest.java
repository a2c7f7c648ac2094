// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.util.NanoClock;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The source's handling of frames that the target sends while the source sends. */
class AckReaderTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final LocalTransport.Pair pair = LocalTransport.pair();
  private final StreamConnection source = link(pair.source(), Side.SOURCE);
  private final StreamConnection target = link(pair.target(), Side.TARGET);
  private final AckReader control = new AckReader(source, List.of(), 2, new Confirmations(2, true));

  private static StreamConnection link(Transport transport, Side side) {
    return new StreamConnection(transport, PATIENCE,
        new PhaseTracker(side, NanoClock.SYSTEM, MigrationListener.NONE));
  }

  @AfterEach
  void close() throws IOException {
    source.close();
    target.close();
  }

  @Test
  void keepsAcknowledgement() throws IOException {
    target.out().sendInitialLoaded(1);
    control.check();
    assertThat(control.hasLoadedInitial(1)).isTrue();
    assertThat(control.hasLoadedInitial(0)).isFalse();
  }

  @Test
  void rejectsLoadedBeforeEnd() throws IOException {
    target.out().send(FrameKind.LOADED);
    assertThatThrownBy(control::check).isInstanceOf(StreamException.class)
        .hasMessageContaining("LOADED while it was sent data");
  }

  @Test
  void keepsAcknowledgementBeforeExpectedFrame() throws IOException {
    target.out().sendInitialLoaded(0);
    target.out().send(FrameKind.LOADED);
    control.expect(FrameKind.LOADED, PATIENCE);
    assertThat(control.hasLoadedInitial(0)).isTrue();
  }

  @Test
  void rejectsAcknowledgementOfUnknownDevice() throws IOException {
    target.out().sendInitialLoaded(2);
    assertThatThrownBy(control::check).isInstanceOf(StreamException.class);
  }
}
