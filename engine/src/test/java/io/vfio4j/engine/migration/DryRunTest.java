// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.codec.DeflateCodec;
import io.vfio4j.engine.connection.PeerFailedException;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.stream.Program;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.ForwardingTransport;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.engine.transport.TransportPair;
import io.vfio4j.engine.util.Futures;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons and ownership queries: a source queries a target, which serves it and then the next peer. */
class DryRunTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir
  private Path folder;

  private final List<MigrationEvent> events = new CopyOnWriteArrayList<>();
  private final SimulatedDevice source =
      SimulatedSettings.named("source").withContent(16, MigrationTrial.SEED).device();
  private final SimulatedDevice target = SimulatedSettings.named("target").device();
  private StateDirectory state;
  private MigrationOptions options;
  private TransportListener listener;

  @BeforeEach
  void open() throws IOException {
    state = StateDirectory.open(folder.resolve("state"));
    options = MigrationTrial.PATIENT.withJournal(state);
    listener = TransportPair.listener(new TransportAddress.Unix(folder.resolve("s")));
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  /** Serves the next peer. */
  private CompletableFuture<AcceptResult> serve() {
    return Futures.submit(TransportPair.THREADS, () -> new MigrationTarget(DeviceSet.of(target),
        Connections.accept(listener, LONG), options, events::add).serve(state));
  }

  private MigrationSource source(DeviceSet deviceSet) throws IOException {
    return new MigrationSource(deviceSet,
        Connections.connect(listener.address(), PeerPolicy.OWN_USER, LONG), options, Workload.NONE,
        events::add);
  }

  private Comparison compare() throws IOException {
    return source(DeviceSet.of(source)).compare(_ -> false);
  }

  private void assertUntouched() throws IOException {
    assertThat(source.operations()).isEmpty();
    assertThat(target.operations()).isEmpty();
    assertThat(state.all()).isEmpty();
    assertThat(events).isEmpty();
  }

  @Test
  void servesComparisonsQueriesAndMigrationInTurn() throws Exception {
    for (int i = 0; i < 2; i++) {
      CompletableFuture<AcceptResult> served = serve();
      assertThat(compare().isAccepted()).isTrue();
      assertThat(served.join()).isEqualTo(new AcceptResult.DryRun(Program.NAME));
    }
    MigrationId migration = MigrationId.random();
    CompletableFuture<AcceptResult> asked = serve();
    OwnershipAnswer answer;
    try (Transport asker = TransportPair.connect(listener.address())) {
      answer = OwnershipQuery.query(asker, migration, LONG);
    }
    assertThat(answer.verdict()).isEqualTo(Verdict.NOT_KNOWN);
    assertThat(asked.join()).isEqualTo(new AcceptResult.Query(migration, answer));
    assertUntouched();

    CompletableFuture<AcceptResult> moved = serve();
    source(DeviceSet.of(source)).run();
    assertThat(moved.join()).isInstanceOf(AcceptResult.Migration.class);
    assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
    assertThat(target.content()).isEqualTo(source.content());
    assertThat(state.all()).hasSize(2);
  }

  /** A source that is refused or aborts before a device is touched leaves the target to the next one. */
  @Test
  void keepsReceivingAfterRejectedSource() throws Exception {
    CompletableFuture<AcceptResult> refused = serve();
    MigrationException atSource = catchThrowableOfType(MigrationException.class,
        () -> source(DeviceSet.of(List.of(source, SimulatedSettings.named("another").device()))).run());
    assertThat(atSource.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(refused.join()).isInstanceOfSatisfying(AcceptResult.Rejection.class,
        arrival -> assertThat(arrival.reason().outcome()).isEqualTo(Outcome.UNTOUCHED));
    assertThat(target.operations()).isEmpty();

    CompletableFuture<AcceptResult> moved = serve();
    source(DeviceSet.of(source)).run();
    assertThat(moved.join()).isInstanceOf(AcceptResult.Migration.class);
  }

  /** A lost device of the target fails for every source. */
  @Test
  void failsWhenTargetDeviceIsLost() throws Exception {
    CompletableFuture<AcceptResult> served = serve();
    target.lose();

    assertThat(catchThrowableOfType(MigrationException.class, source(DeviceSet.of(source))::run).outcome())
        .isEqualTo(Outcome.UNTOUCHED);
    assertThatThrownBy(served::join).hasCauseInstanceOf(MigrationException.class);
  }

  /** A restarted target answers for its predecessor. */
  @Test
  void answersOwnershipQueryFromJournal() throws Exception {
    CompletableFuture<AcceptResult> moved = serve();
    source(DeviceSet.of(source)).run();
    moved.join();
    MigrationId migration = state.all().getFirst().read().orElseThrow().header().migration();

    CompletableFuture<AcceptResult> asked = serve();
    try (Transport asker = TransportPair.connect(listener.address())) {
      assertThat(OwnershipQuery.query(asker, migration, LONG).verdict()).isEqualTo(Verdict.COMMITTED);
    }
    assertThat(asked.join()).isInstanceOf(AcceptResult.Query.class);
  }

  @Test
  void failsMigrationWhenSourceOnlyCompares() throws Exception {
    CompletableFuture<MigrationException> failed =
        Futures.submit(TransportPair.THREADS, () -> catchThrowableOfType(MigrationException.class,
            new MigrationTarget(DeviceSet.of(target), Connections.accept(listener, LONG), options,
                events::add)::run));

    assertThat(compare().isAccepted()).isTrue();
    assertThat(failed.join())
        .hasMessage("pre-flight: the source only requested a comparison. Nothing was touched");
    assertThat(failed.join().outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertUntouched();
  }

  /**
   * The target reports objections that are not in its HELLO afterwards: here, that it accepts no extra
   * connections.
   */
  @Test
  void reportsConnectionLimitOfTarget() throws Exception {
    CompletableFuture<AcceptResult> served = Futures.submit(TransportPair.THREADS,
        () -> new MigrationTarget(DeviceSet.of(target).withMemory(memory()),
            Connections.single(listener.accept(LONG)), options, events::add).serve(state));

    Comparison comparison = source(DeviceSet.of(source).withMemory(memory())).compare(_ -> false);

    assertThat(comparison.objections()).containsExactly(
        "the target refuses: the source requires extra connections, which this target cannot accept");
    assertThat(served.join()).isInstanceOf(AcceptResult.DryRun.class);
    assertUntouched();
  }

  @Test
  void reportsMissingCompressionOfTarget() throws Exception {
    options = options.withCompression(new DeflateCodec(), 1);
    CompletableFuture<AcceptResult> served = serve();

    assertThat(compare().objections()).containsExactly(
        "the target refuses: the stream is compressed with zstd, which is not available here");
    assertThat(served.join()).isInstanceOf(AcceptResult.DryRun.class);
    assertUntouched();
  }

  private static MemoryRegions memory() {
    return MemoryRegions.of(new MemoryRegion("ram", 0, Arena.ofAuto().allocate(0x4000, 4096)));
  }

  /** A lost device of the target is reported to the source, and does not end the target. */
  @Test
  void reportsLostTargetDevice() throws Exception {
    CompletableFuture<AcceptResult> served = serve();
    target.lose();

    assertThatThrownBy(this::compare).isInstanceOf(PeerFailedException.class)
        .hasMessageContaining("the simulated server died");
    assertThat(served.join()).isInstanceOfSatisfying(AcceptResult.Failure.class,
        unanswered -> assertThat(unanswered.reason()).contains("the simulated server died"));
    assertUntouched();
  }

  /** Sends the frames of a target by hand. */
  @FunctionalInterface
  private interface Script {
    void say(FrameWriter out) throws IOException;
  }

  /** Answers the next peer by a script, with another minor version, and returns that peer's HELLO. */
  private CompletableFuture<Hello> answer(int minor, Script script) {
    return Futures.submit(TransportPair.THREADS, () -> {
      try (Transport transport = new OtherMinor(listener.accept(LONG), minor);
          Arena arena = Arena.ofShared()) {
        int bytes = FrameHeader.BYTES + FrameKind.HELLO.maxLength();
        FrameReader in = new FrameReader(transport, arena.allocate(bytes));
        assertThat(in.next(LONG)).isEqualTo(FrameKind.HELLO);
        Hello hello = Hello.read(in.body());
        script.say(new FrameWriter(new FrameStream(transport, LONG), arena.allocate(bytes)));
        return hello;
      }
    });
  }

  /** Speaks another minor version. */
  private static final class OtherMinor extends ForwardingTransport {
    private final int minor;

    OtherMinor(Transport inner, int minor) {
      super(inner);
      this.minor = minor;
    }

    @Override
    public void send(ByteBuffer data, Duration stall) throws IOException {
      if (data.remaining() == Preamble.BYTES && data.get(0) == 'V') {
        data.order(ByteOrder.LITTLE_ENDIAN).putShort(10, (short) minor);
        CRC32C crc = new CRC32C();
        crc.update(data.duplicate().limit(12));
        data.putInt(12, (int) crc.getValue());
      }
      super.send(data, stall);
    }
  }

  /** The answer of a target of version 1.2: its preamble, and why it refuses. */
  @Test
  void reportsTargetTooOldToCompare() throws Exception {
    CompletableFuture<Hello> asked = answer(2, out -> out.sendText(FrameKind.FAILED,
        "the hello has field 6, which is mandatory and unknown here; its device was not touched"));

    assertThatThrownBy(this::compare).isInstanceOf(IOException.class)
        .hasMessageMatching(
            "\\S+ has version 1.2 of the stream, which does not support a comparison without a migration; "
                + "nothing was touched, and a migration compares before it touches a device")
        .hasCauseInstanceOf(PeerFailedException.class);
    assertThat(asked.join().dryRun()).isTrue();
    assertUntouched();
  }

  @Test
  void reportsReasonOfFailedTarget() throws Exception {
    CompletableFuture<Hello> asked = answer(3, out -> out.sendText(FrameKind.FAILED, "no reason at all"));

    assertThatThrownBy(this::compare).isInstanceOf(PeerFailedException.class)
        .hasMessage("the target failed: no reason at all");
    asked.join();
    assertUntouched();
  }

  @Test
  void rejectsUnexpectedAnswers() throws Exception {
    CompletableFuture<Hello> ready = answer(3, out -> out.send(FrameKind.READY));
    assertThatThrownBy(this::compare).isInstanceOf(StreamException.class)
        .hasMessage("the target sent READY instead of HELLO");
    ready.join();

    Hello own = Hello.of(List.of(Hello.Device.of(target, DeviceState.RUNNING)), List.of());
    CompletableFuture<Hello> goesOn = answer(3, out -> {
      out.sendHello(own);
      out.send(FrameKind.READY);
    });
    assertThatThrownBy(this::compare).isInstanceOf(StreamException.class)
        .hasMessage("the target sent READY after it was compared");
    goesOn.join();

    CompletableFuture<Hello> silent = answer(3, _ -> {
    });
    assertThatThrownBy(this::compare).isInstanceOf(EOFException.class);
    silent.join();
    assertUntouched();
  }
}
