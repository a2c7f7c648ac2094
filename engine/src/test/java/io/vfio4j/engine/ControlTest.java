// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the source makes of what the target says meanwhile. */
class ControlTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final LocalTransport.Pair pair = LocalTransport.pair();
  private final Link source = link(pair.source(), Side.SOURCE);
  private final Link target = link(pair.target(), Side.TARGET);
  private final Control control = new Control(source, List.of(), 2, new Confirmations(2, true));

  private static Link link(Transport transport, Side side) {
    return new Link(transport, PATIENCE, new Narrator(side, NanoClock.SYSTEM, MigrationListener.NONE));
  }

  @AfterEach
  void close() throws IOException {
    source.close();
    target.close();
  }

  @Test
  void anAcknowledgementIsKept() throws IOException {
    target.out().sendInitialLoaded(1);
    control.look();
    assertThat(control.hasLoadedInitial(1)).isTrue();
    assertThat(control.hasLoadedInitial(0)).isFalse();
  }

  @Test
  void loadedBeforeTheEndIsAgainstTheProtocol() throws IOException {
    target.out().send(FrameKind.LOADED);
    assertThatThrownBy(control::look).isInstanceOf(StreamException.class)
        .hasMessageContaining("LOADED while it was sent data");
  }

  @Test
  void whatWasAcknowledgedBeforeTheAnswerIsKept() throws IOException {
    target.out().sendInitialLoaded(0);
    target.out().send(FrameKind.LOADED);
    control.expect(FrameKind.LOADED, PATIENCE);
    assertThat(control.hasLoadedInitial(0)).isTrue();
  }

  @Test
  void anAcknowledgementOfADeviceThatThereIsNotIsRefused() throws IOException {
    target.out().sendInitialLoaded(2);
    assertThatThrownBy(control::look).isInstanceOf(StreamException.class);
  }
}
