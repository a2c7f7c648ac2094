// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.connection.Heartbeat;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.stream.StreamFormatTest;
import io.vfio4j.engine.transport.ForwardingTransport;
import io.vfio4j.engine.transport.LocalTransport;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TestKeys;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportPair;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A side that waits for a device, a disk or a workload for longer than the stall timeout sends signs of life.
 */
class HeartbeatTest {

  private static final Duration SILENCE = Duration.ofSeconds(2);

  /** How long a connection waits for room; long enough for a busy machine. */
  private static final Duration ROOM = Duration.ofMinutes(1);

  @TempDir
  private Path folder;

  /** Eight of them are as long as the stall timeout of the other side. */
  private static final int BEATS = 9;

  private final CountDownLatch beats = new CountDownLatch(BEATS);

  /** Blocks until the side has sent a number of ALIVE frames. */
  @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
  enum SlowStep {
    TARGET_RESET_TO_RESUMING(Side.TARGET, DeviceState.STOP, DeviceState.RESUMING),
    TARGET_CHECK(Side.TARGET, DeviceState.RESUMING, DeviceState.STOP),
    TARGET_START(Side.TARGET, DeviceState.STOP, DeviceState.RUNNING_P2P),
    TARGET_WRITE(Side.TARGET, (trial, until) -> trial.targetSettings =
        trial.targetSettings.withFaults(new Fault.WriteBlock(100, until))),
    SOURCE_STOP(Side.SOURCE, DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY),
    SOURCE_LISTENER(Side.SOURCE, (trial, until) -> trial.listener = event -> {
      if (event instanceof MigrationEvent.PhaseStart began && began.side() == Side.SOURCE
          && began.phase() instanceof Phase.Handover) {
        await(until);
      }
    });

    private final Side side;
    private final BiConsumer<MigrationTrial, CountDownLatch> fault;

    SlowStep(Side side, BiConsumer<MigrationTrial, CountDownLatch> fault) {
      this.side = side;
      this.fault = fault;
    }

    SlowStep(Side side, DeviceState from, DeviceState to) {
      this(side, (trial, until) -> {
        Fault hold = new Fault.ArcBlock(new Arc(from, to), until);
        if (side == Side.SOURCE) {
          trial.sourceSettings = trial.sourceSettings.withFaults(hold);
        } else {
          trial.targetSettings = trial.targetSettings.withFaults(hold);
        }
      });
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).as("signs of life").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void keepsSlowCallsAlive(SlowStep slow) {
    MigrationTrial trial = new MigrationTrial();
    trial.options = MigrationTrial.PATIENT.withStallTimeout(SILENCE);
    slow.fault.accept(trial, beats);
    if (slow.side == Side.SOURCE) {
      trial.sourceTransport = inner -> new FrameCount(inner, Preamble.MINOR);
    } else {
      trial.targetTransport = inner -> new FrameCount(inner, Preamble.MINOR);
    }
    trial.run().success();
    assertThat(beats.getCount()).isZero();
  }

  /** A peer of version 1.3 is sent no ALIVE; so it may be silent for as long as a device call may take. */
  @Test
  void sendsNoHeartbeatToOlderPeers() {
    MigrationTrial trial = new MigrationTrial();
    trial.options = MigrationTrial.PATIENT.withStallTimeout(SILENCE.dividedBy(3));
    trial.targetSettings = trial.targetSettings.withFaults(
        new Fault.ArcBlock(new Arc(DeviceState.RESUMING, DeviceState.STOP), after(SILENCE)));
    List<FrameCount> transports = new ArrayList<>();
    trial.sourceTransport = inner -> add(transports, new FrameCount(inner, 3));
    trial.targetTransport = inner -> add(transports, new FrameCount(inner, 3));
    trial.run().success();
    List<FrameKind> bySource = transports.getFirst().sent;
    assertThat(bySource.subList(bySource.indexOf(FrameKind.END), bySource.size()))
        .containsExactly(FrameKind.END, FrameKind.COMMIT);
    assertThat(transports.getLast().sent).doesNotContain(FrameKind.ALIVE).endsWith(FrameKind.CONFIRMED);
  }

  /** A connection whose peer reads nothing does not prevent ALIVE on the others. */
  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tls"})
  void sendsDespiteBlockedConnection(String kind) throws Exception {
    try (TransportPair full = ends(kind);
        TransportPair free = ends(kind);
        StreamConnection stuck = link(full.one());
        StreamConnection heard = link(free.one())) {
      fill(full.one());
      try (Heartbeat heartbeat = new Heartbeat(Side.SOURCE, Duration.ofMillis(1))) {
        heartbeat.add(stuck);
        heartbeat.add(heard);
        ByteBuffer frames = ByteBuffer.allocateDirect(Preamble.BYTES + BEATS * FrameHeader.BYTES);
        while (frames.hasRemaining()) {
          assertThat(free.other().receive(frames, ROOM.dividedBy(2))).isPositive();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "unix", "tls"})
  void defersHeartbeatUntilSocketIsWritable(String kind) throws Exception {
    try (TransportPair ends = ends(kind); StreamConnection connection = link(ends.one())) {
      fill(ends.one());
      connection.keepAlive(Duration.ZERO);
      assertThat(ends.one().hasRoom()).isFalse();
      ByteBuffer received = ByteBuffer.allocateDirect(1 << 20);
      while (!ends.one().hasRoom()) {
        ends.other().receive(received.clear(), ROOM);
        assertThat(isFilling(received.flip())).as("only what filled it was sent").isTrue();
      }
      connection.keepAlive(Duration.ZERO);
      do {
        assertThat(ends.other().receive(received.clear(), ROOM)).isPositive();
      } while (isFilling(received.flip()));
    }
  }

  /** Filled with zeros, with which no preamble and no frame begins. */
  private static boolean isFilling(ByteBuffer bytes) {
    return bytes.mismatch(ByteBuffer.allocate(bytes.remaining())) < 0;
  }

  private TransportPair ends(String kind) throws IOException {
    return switch (kind) {
      case "local" -> {
        LocalTransport.Pair pair = LocalTransport.pair(4000);
        yield new TransportPair(pair.source(), pair.target());
      }
      case "unix" ->
        TransportPair.over(new TransportAddress.Unix(folder.resolve("m.sock")), PeerPolicy.OWN_USER);
      default ->
        TransportPair.over(TransportAddress.parse("tcp:127.0.0.1:0"), TestKeys.SET.policy("127.0.0.1"));
    };
  }

  private static StreamConnection link(Transport transport) {
    return new StreamConnection(transport, ROOM,
        new PhaseTracker(Side.SOURCE, NanoClock.SYSTEM, MigrationListener.NONE));
  }

  /** Sends until neither the other end, which reads nothing, nor the system takes more. */
  private static void fill(Transport transport) {
    ByteBuffer endless = ByteBuffer.allocateDirect(1 << 26);
    assertThatThrownBy(() -> transport.send(endless, Duration.ofMillis(20)))
        .isInstanceOf(StalledException.class);
  }

  private static CountDownLatch after(Duration delay) {
    CountDownLatch latch = new CountDownLatch(1);
    CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS).execute(latch::countDown);
    return latch;
  }

  private static FrameCount add(List<FrameCount> transports, FrameCount one) {
    transports.add(one);
    return one;
  }

  /** Observes what is sent, and makes the other side see another version. */
  private final class FrameCount extends ForwardingTransport {

    private final int minor;
    private final List<FrameKind> sent = Collections.synchronizedList(new ArrayList<>());
    private boolean begun;

    FrameCount(Transport inner, int minor) {
      super(inner);
      this.minor = minor;
    }

    @Override
    public void send(ByteBuffer data, Duration stall) throws IOException {
      if (begun) {
        FrameKind kind = FrameKind.fromWire(data.get(data.position())).orElseThrow();
        super.send(data, stall);
        sent.add(kind);
        if (kind == FrameKind.ALIVE) {
          beats.countDown();
        }
      } else {
        begun = true;
        super.send(StreamFormatTest.preamble(1, minor), stall);
        data.position(data.limit());
      }
    }
  }
}
