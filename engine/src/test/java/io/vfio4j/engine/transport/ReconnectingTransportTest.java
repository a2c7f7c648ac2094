// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Reconnects once if the connection ends before the target has sent anything. */
class ReconnectingTransportTest {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final LocalTransport.Pair first = LocalTransport.pair();
  private final ByteBuffer into = ByteBuffer.allocateDirect(16);

  @Test
  void reportsFailureOfSecondConnection() throws IOException {
    IOException refused = new IOException("connection refused");
    first.target().close();
    try (Transport transport = new ReconnectingTransport(first.source(), () -> {
      throw refused;
    })) {
      assertThatThrownBy(() -> transport.receive(into, PATIENCE)).isInstanceOf(IOException.class)
          .hasMessageContaining("closed the connection before it sent anything")
          .hasMessageEndingWith("reconnecting failed: connection refused").hasCause(refused);
      assertThat(into.position()).isZero();
    }
  }

  @Test
  void resendsOnSecondConnection() throws IOException {
    LocalTransport.Pair second = LocalTransport.pair();
    try (Transport transport = new ReconnectingTransport(first.source(), second::source);
        LocalTransport target = second.target()) {
      transport.send(ByteBuffer.allocateDirect(1).put((byte) 7).flip(), PATIENCE);
      first.target().close();
      target.send(ByteBuffer.allocateDirect(1).put((byte) 8).flip(), PATIENCE);
      assertThat(transport.receive(into, PATIENCE)).isOne();
      assertThat(into.get(0)).isEqualTo((byte) 8);
      assertThat(target.receive(into.clear(), PATIENCE)).isOne();
      assertThat(into.get(0)).isEqualTo((byte) 7);
    }
  }

  @Test
  void returnsEndOfStreamAfterData() throws IOException {
    try (Transport transport = new ReconnectingTransport(first.source(), () -> {
      throw new AssertionError("reconnected");
    })) {
      first.target().send(ByteBuffer.allocateDirect(1), PATIENCE);
      first.target().close();
      assertThat(transport.receive(into, PATIENCE)).isOne();
      assertThat(transport.receive(into.clear(), PATIENCE)).isNegative();
    }
  }
}
