// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.PeerRefusedException;
import io.vfio4j.engine.transport.TestKeys;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.engine.transport.TransportPair;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** A rejected peer does not affect a device. */
class TlsRejectedSourceTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final TransportAddress.Tcp ANYWHERE = new TransportAddress.Tcp("localhost", 0);

  private final PeerPolicy good = TestKeys.SET.policy("localhost");
  private final BlockingQueue<PeerRefusedException> refusals = new LinkedBlockingQueue<>();

  private static CompletableFuture<Transport> accept(TransportListener listener) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return listener.accept(LONG);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }, TransportPair.THREADS);
  }

  /** A source that no target accepts has touched nothing: it has only queried its device. */
  @Test
  void leavesRejectedSourceRunning() throws Exception {
    Instant now = Instant.now();
    PeerPolicy expired = PeerPolicy.OWN_USER.withKeys(TestKeys.SET.keys(
        TestKeys.SET.issue(now.minus(TestKeys.DAY.multipliedBy(2)), now.minus(TestKeys.DAY), "localhost")));
    MigrationTrial trial = new MigrationTrial();
    try (TransportListener listener = TransportListener.open(ANYWHERE, good, refusals::add);
        var device = trial.sourceSettings.device()) {
      CompletableFuture<Transport> accepted = accept(listener);
      Connections connections = Connections.connect(listener.address(), expired, LONG);
      MigrationException failure = catchThrowableOfType(MigrationException.class,
          () -> new MigrationSource(DeviceSet.of(device), connections, MigrationOptions.defaults(),
              Workload.NONE, MigrationListener.NONE).run());
      assertThat(failure.outcome()).isEqualTo(Outcome.UNTOUCHED);
      assertThat(failure).hasMessageContaining("it refused our certificate");
      assertThat(device.operations()).isEmpty();
      assertThat(device.machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(refusals.take().reason()).isEqualTo(PeerRefusedException.Reason.EXPIRED);
      assertThat(accepted).as("no target has begun").isNotDone();
    }
  }
}
