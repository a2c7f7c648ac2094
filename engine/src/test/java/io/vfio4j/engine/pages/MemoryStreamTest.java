// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.MemoryOutput;
import io.vfio4j.engine.stream.RateGate;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Sends memory in rounds while it is written to. */
class MemoryStreamTest {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final int SMALL_FRAME = 9 * 4096;

  /** A writer with its own log. */
  private record Writer(MemoryTrial trial, ScriptedLog log, RandomGenerator random) {

    void writeSome() {
      for (int i = random.nextInt(20); i > 0; i--) {
        MemoryRegion region = trial.source.get(random.nextInt(trial.source.count()));
        long at = random.nextLong(region.size());
        long length = Math.min(region.size() - at, 1 + random.nextLong(3 * PAGE));
        MemorySegment part = region.memory().asSlice(at, length);
        part.fill((byte) (random.nextBoolean() ? 0 : random.nextInt()));
        log.mark(region.iova() + at, length);
      }
    }
  }

  @Test
  void matchesSourceAfterQuietRound() {
    Seeds.forEach(40, random -> {
      int channels = 1 + random.nextInt(4);
      long[] pages = random.longs(1 + random.nextInt(3), 1, 300).toArray();
      if (random.nextInt(6) == 0) {
        pages[0] += ChannelShards.SHARD_PAGES; // Mostly zero pages.
      }
      try (MemoryTrial trial = new MemoryTrial(channels, SMALL_FRAME + random.nextInt(100), pages)) {
        rounds(trial, random);
      }
    });
  }

  private static void rounds(MemoryTrial trial, RandomGenerator random) throws IOException {
    ScriptedLog workload = new ScriptedLog();
    ScriptedLog container = new ScriptedLog();
    boolean fails = random.nextInt(4) == 0;
    workload.reportsUntilFailure = fails ? random.nextInt(4) : Integer.MAX_VALUE;
    List<String> notes = new ArrayList<>();
    try (DirtyLogs logs = new DirtyLogs(trial.source, List.of(silentDevice()), Optional.of(container),
        Optional.of(workload), notes::add)) {
      List<TrackedLog> tracked = List.of(logs.container().orElseThrow(), logs.workload().orElseThrow());
      List<Writer> writers =
          List.of(new Writer(trial, workload, random), new Writer(trial, container, random));
      writers.forEach(Writer::writeSome);
      tracked.forEach(TrackedLog::start);
      trial.target.list().forEach(region -> region.memory().fill((byte) random.nextInt()));
      for (int round = 0; round < 4; round++) {
        for (MemorySender sender : trial.senders) {
          writers.forEach(Writer::writeSome);
          sender.sendPending();
        }
        assertThat(trial.pending.count()).isZero();
        tracked.forEach(TrackedLog::collect);
        logs.mergeInto(trial.pending);
      }
      trial.sendAll();
      trial.assertSame();
      assertThat(notes).hasSize(fails ? 1 : 0);
    }
  }

  private static SimulatedDevice silentDevice() {
    return SimulatedSettings.named("silent").device();
  }

  @Test
  void skipsZeroPages() throws IOException {
    try (MemoryTrial trial = new MemoryTrial(1, SMALL_FRAME, 2 * ChannelShards.SHARD_PAGES)) {
      trial.target.get(0).memory().asSlice(7 * PAGE, 5 * PAGE).fill((byte) 9);
      trial.source.get(0).memory().set(ValueLayout.JAVA_BYTE, 100 * PAGE - 1, (byte) 1);
      trial.sendAll();
      trial.assertSame();
      MemorySender sender = trial.senders.getFirst();
      assertThat(sender.pages()).isEqualTo(2 * ChannelShards.SHARD_PAGES);
      assertThat(sender.zeroPages()).isEqualTo(2 * ChannelShards.SHARD_PAGES - 1);
      assertThat(sender.bytes()).isLessThan(2 * PAGE);
    }
  }

  @Test
  void sendsEachPageOverOneChannel() throws IOException {
    for (int channels = 1; channels <= 4; channels++) {
      try (MemoryTrial trial =
          new MemoryTrial(channels, SMALL_FRAME, 2 * ChannelShards.SHARD_PAGES + 1, 1, 3, 2)) {
        trial.sendAll(); // A receiver rejects pages of other channels.
        assertThat(trial.senders.stream().mapToLong(MemorySender::pages).sum())
            .isEqualTo(2 * ChannelShards.SHARD_PAGES + 7);
        assertThat(trial.senders).allSatisfy(sender -> assertThat(sender.pages()).isPositive());
      }
    }
  }

  /** Data of a round may be torn, because memory changes meanwhile; that of the last round is not. */
  @Test
  void catchesUpAfterConcurrentWriterStops() throws Exception {
    try (MemoryTrial trial = new MemoryTrial(2, SMALL_FRAME, 700, ChannelShards.SHARD_PAGES + 9)) {
      ScriptedLog log = new ScriptedLog();
      try (DirtyLogs logs = new DirtyLogs(trial.source, List.of(), Optional.empty(), Optional.of(log),
          note -> fail(note))) {
        TrackedLog tracked = logs.workload().orElseThrow();
        tracked.start();
        AtomicBoolean running = new AtomicBoolean(true);
        Thread writer =
            Thread.ofPlatform().name("writer").start(() -> writeContinuously(trial, log, running));
        for (int round = 0; round < 8; round++) {
          trial.sendAll();
          tracked.collect();
          logs.mergeInto(trial.pending);
        }
        running.set(false);
        writer.join();
        trial.sendAll();
        tracked.collect();
        logs.mergeInto(trial.pending);
        trial.sendAll();
        trial.assertSame();
      }
    }
  }

  static void writeContinuously(MemoryTrial trial, ScriptedLog log, AtomicBoolean running) {
    for (long n = 1; running.get(); n++) {
      MemoryRegion region = trial.source.get((int) (n % 2));
      long page = n * 31 % region.pages();
      region.memory().asSlice(page * PAGE, PAGE).fill((byte) (n % 3 == 0 ? 0 : n));
      log.log.mark(region.iova() + page * PAGE, PAGE);
    }
  }

  @Test
  void stopsSendingOnRejectedPermitOrInterrupt() {
    try (MemoryTrial trial = new MemoryTrial(1, SMALL_FRAME, 300)) {
      trial.source.get(0).memory().fill((byte) 1);
      List<Long> asked = new ArrayList<>();
      MemorySender sender = new MemorySender(trial.source, trial.pending, new ChannelShards(1), 0,
          new MemorySender.Output(new NullOutput(trial.arena.allocate(SMALL_FRAME)), SMALL_FRAME,
              (bytes, _) -> {
                asked.add(bytes);
                if (asked.size() == 3) {
                  throw new IOException("enough");
                }
              }));
      assertThatThrownBy(sender::sendPending).hasMessage("enough");
      assertThat(sender.bytes()).isEqualTo(asked.get(0) + asked.get(1)).isLessThanOrEqualTo(2L * SMALL_FRAME);
      Thread.currentThread().interrupt();
      assertThatThrownBy(sender::sendPending).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private record NullOutput(MemorySegment payload) implements MemoryOutput {
    @Override
    public void sendMemory(int length, RateGate gate) throws IOException {
      gate.acquire(length, length);
      assertThat(length).isLessThanOrEqualTo((int) payload.byteSize());
    }
  }

  /** A low bandwidth limit requires short frames. */
  @Test
  void sendsOnePagePerShortFrame() throws IOException {
    try (MemoryTrial trial = new MemoryTrial(1, SMALL_FRAME, 5)) {
      trial.source.get(0).memory().fill((byte) 1);
      List<Long> lengths = new ArrayList<>();
      new MemorySender(trial.source, trial.pending, new ChannelShards(1), 0,
          new MemorySender.Output(new NullOutput(trial.arena.allocate(SMALL_FRAME)), 1,
              (bytes, _) -> lengths.add(bytes)))
          .sendPending();
      assertThat(lengths).hasSize(5).containsOnly(24 + PAGE);
    }
  }

  @Test
  void rejectsFrameSmallerThanPage() {
    try (MemoryTrial trial = new MemoryTrial(1, SMALL_FRAME, 1)) {
      MemorySegment buffer = trial.arena.allocate(8192);
      assertThatThrownBy(() -> new MemoryFrame(buffer, 24 + PAGE - 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new MemoryFrame(buffer, 8193)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
