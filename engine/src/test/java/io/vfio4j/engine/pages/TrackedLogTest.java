// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dirty logs, and the fallback to all memory when they fail. */
class TrackedLogTest {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final long LARGE = 64 << 10;
  private static final long PAGES = 100 + 64;

  private final Arena arena = Arena.ofShared();
  private final MemoryRegions memory = MemoryRegions.of(
      new MemoryRegion("a", 1 << 20, arena.allocate(100 * PAGE, PAGE)),
      new MemoryRegion("b", 1 << 24, arena.allocate(64 * PAGE, PAGE)));
  private final PendingPages pending = new PendingPages(memory);
  private final List<String> notes = new ArrayList<>();

  @AfterEach
  void free() {
    pending.close();
    arena.close();
  }

  private DirtyLogs logs(DmaLog workload) {
    return new DirtyLogs(memory, List.of(), Optional.empty(), Optional.of(workload), notes::add);
  }

  private void drainPending() {
    for (int region = 0; region < memory.count(); region++) {
      for (long i = 0; i < pending.of(region).wordCount(); i++) {
        pending.of(region).takeWord(i);
      }
    }
    assertThat(pending.count()).isZero();
  }

  @Test
  void marksAllPagesPendingAtStart() {
    assertThat(pending.count()).isEqualTo(PAGES);
  }

  @Test
  void reportsWrittenPagesOnce() {
    ScriptedLog log = new ScriptedLog();
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      log.mark((1 << 20) + 5 * PAGE, 3 * PAGE);
      log.mark((1 << 24) + 63 * PAGE, 2 * PAGE);
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isEqualTo(4);
      assertThat(pending.of(0).takeWord(0)).isEqualTo(0b1110_0000L);
      assertThat(pending.of(1).takeWord(0)).isEqualTo(1L << 63);
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isZero();
      tracked.stop();
      tracked.stop();
      assertThat(log.stops).isEqualTo(1);
      assertThat(notes).isEmpty();
    }
  }

  @Test
  void spreadsLargeLogPages() {
    ScriptedLog log = ScriptedLog.in(LARGE);
    MemoryRegions aligned = MemoryRegions.of(
        new MemoryRegion("a", 1 << 20, arena.allocate(4 * LARGE, PAGE)));
    try (DirtyLogs logs = new DirtyLogs(aligned, List.of(), Optional.empty(), Optional.of(log), notes::add);
        PendingPages pages = new PendingPages(aligned)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      pages.of(0).takeWord(0);
      log.mark((1 << 20) + 2 * LARGE + 7, 1);
      tracked.collect();
      assertThat(logs.mergeInto(pages)).isEqualTo(LARGE / PAGE);
      assertThat(pages.of(0).takeWord(0)).isEqualTo(0xffffL << 32);
      assertThat(log.reportedIn).containsExactly(LARGE);
    }
  }

  @Test
  void reportsUnalignedRegionsInSmallPages() {
    ScriptedLog log = ScriptedLog.in(LARGE);
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      log.mark((1 << 20) + 99 * PAGE, 1);
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isEqualTo(4);
      assertThat(log.reportedIn).containsOnly(PAGE);
    }
  }

  /** 20 GiB in a sparse file. */
  private MemoryRegions large(Path folder) throws IOException {
    try (FileChannel file = FileChannel.open(folder.resolve("large"), StandardOpenOption.CREATE_NEW,
        StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return MemoryRegions
          .of(new MemoryRegion("large", 1L << 32,
              file.map(FileChannel.MapMode.READ_WRITE, 0, 20L << 30, arena)));
    }
  }

  /** The container and the reference library reject a report of a part of a mapping. */
  @ParameterizedTest
  @ValueSource(longs = {PAGE, LARGE})
  void requestsWholeRegionAtOnce(long pageSize, @TempDir Path folder) throws Exception {
    MemoryRegions memory = large(folder);
    ScriptedLog log = ScriptedLog.in(pageSize);
    log.wholeMappings = memory.ranges();
    try (DirtyLogs logs = new DirtyLogs(memory, List.of(), Optional.empty(), Optional.of(log), notes::add);
        PendingPages pages = new PendingPages(memory)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      for (long word = 0; word < pages.of(0).wordCount(); word++) {
        pages.of(0).takeWord(word);
      }
      log.mark((1L << 32) + (18L << 30), 1);
      tracked.collect();
      assertThat(notes).isEmpty();
      assertThat(logs.mergeInto(pages)).isEqualTo(pageSize / PAGE);
      assertThat(log.reported).isEqualTo(memory.ranges());
    }
  }

  /** The bitmap of each part consists of whole words. */
  @ParameterizedTest
  @ValueSource(longs = {256 << 10, (256 << 10) + 7})
  void splitsRequestsAtBitmapLimit(long maxBitmapSize, @TempDir Path folder) throws Exception {
    MemoryRegions memory = large(folder);
    ScriptedLog log = new ScriptedLog();
    log.maxBitmapSize = maxBitmapSize;
    try (DirtyLogs logs = new DirtyLogs(memory, List.of(), Optional.empty(), Optional.of(log), notes::add);
        PendingPages pages = new PendingPages(memory)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      for (long word = 0; word < pages.of(0).wordCount(); word++) {
        pages.of(0).takeWord(word);
      }
      log.mark((1L << 32) + (18L << 30), 1);
      tracked.collect();
      assertThat(notes).isEmpty();
      assertThat(logs.mergeInto(pages)).isEqualTo(1);
      assertThat(log.reported).containsExactly(new IovaRange(1L << 32, 8L << 30),
          new IovaRange(3L << 32, 8L << 30), new IovaRange(5L << 32, 4L << 30));
    }
  }

  @Test
  void dropsBitsBeyondRegion() {
    ScriptedLog log = new ScriptedLog();
    DmaLog generous = new OverwritingLog(log);
    try (DirtyLogs logs = logs(generous)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
      assertThat(pending.of(0).takeWord(1)).isEqualTo((1L << 36) - 1);
    }
  }

  /** Sets every bit of every bitmap. */
  private record OverwritingLog(DmaLog log) implements DmaLog {
    @Override
    public long start(List<IovaRange> ranges, long pageSize)
        throws DeviceException {
      return log.start(ranges, pageSize);
    }

    @Override
    public void stop() throws DeviceException {
      log.stop();
    }

    @Override
    public void report(IovaRange range, long pageSize, MemorySegment bitmap) {
      bitmap.fill((byte) -1);
    }
  }

  @Test
  void marksAllMemoryAfterLogFailure() {
    ScriptedLog log = new ScriptedLog();
    log.reportsUntilFailure = 3; // In the second round, between the regions.
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isZero();
      for (int round = 0; round < 3; round++) {
        tracked.collect();
        assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
        drainPending();
      }
      tracked.stop();
      assertThat(log.stops).isEqualTo(1);
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
    }
    assertThat(notes).containsExactly(
        "the log of the workload fails: nic0: report dirty memory: EIO (input/output error); "
            + "all memory counts as dirty in each round");
  }

  @Test
  void skipsStopAfterFailedStart() {
    ScriptedLog log = new ScriptedLog();
    log.startFails = true;
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      tracked.collect();
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
      tracked.stop();
      assertThat(log.stops).isZero();
    }
    assertThat(notes).singleElement().asString().startsWith(
        "the log of the workload does not start: nic0: start DMA logging: EOPNOTSUPP");
  }

  @Test
  void rejectsImpossiblePageSize() {
    ScriptedLog log = ScriptedLog.in(5000);
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      tracked.stop();
      assertThat(log.stops).isEqualTo(1);
      drainPending();
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
    }
    assertThat(notes).singleElement().asString().contains("log in pages of 5000 bytes: EPROTO");
  }

  @Test
  void reportsFailedStop() {
    ScriptedLog log = new ScriptedLog();
    log.stopFails = true;
    try (DirtyLogs logs = logs(log)) {
      TrackedLog tracked = logs.workload().orElseThrow();
      tracked.start();
      drainPending();
      tracked.collect();
      tracked.stop();
      tracked.stop();
      assertThat(logs.mergeInto(pending)).isZero();
    }
    assertThat(notes).containsExactly(
        "the log of the workload does not stop: nic0: stop DMA logging: EIO (input/output error)");
  }

  @Test
  void marksAllMemoryWithoutStart() {
    try (DirtyLogs logs = logs(new ScriptedLog())) {
      drainPending();
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
    }
    assertThatThrownBy(() -> {
      TrackedLog twice = new TrackedLog("nic0", new ScriptedLog(), memory, arena);
      twice.start();
      twice.start();
    }).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void fallsBackToContainerLog() {
    SimulatedDevice silent = SimulatedSettings.named("silent").device();
    assertThat(silent.dmaLog()).isEmpty();
    ScriptedLog container = new ScriptedLog();
    try (DirtyLogs logs =
        new DirtyLogs(memory, List.of(silent), Optional.of(container), Optional.empty(), notes::add)) {
      assertThat(logs.ofDevice(0)).isEmpty();
      logs.container().orElseThrow().start();
      drainPending();
      logs.container().orElseThrow().collect();
      assertThat(logs.mergeInto(pending)).isZero();
      assertThat(notes).isEmpty();
    }
    try (DirtyLogs logs =
        new DirtyLogs(memory, List.of(silent), Optional.empty(), Optional.empty(), notes::add)) {
      assertThat(logs.mergeInto(pending)).isEqualTo(PAGES);
    }
    assertThat(notes).containsExactly(
        "no dirty log for writes by silent: all memory counts as dirty in each round");
    try (DirtyLogs logs = new DirtyLogs(MemoryRegions.NONE, List.of(silent), Optional.of(container),
        Optional.of(container), notes::add)) {
      assertThat(logs.container()).isEmpty();
      assertThat(logs.workload()).isEmpty();
    }
    assertThat(notes).hasSize(1);
  }

  /** Compares the bitmap with a set of pages. */
  @Test
  void matchesSetOfPages() {
    Seeds.forEach(300, random -> {
      int pages = 1 + random.nextInt(300);
      try (Arena own = Arena.ofConfined()) {
        PageBitmap bitmap = new PageBitmap(own, pages);
        PageBitmap other = new PageBitmap(own, pages);
        boolean[] expected = new boolean[pages];
        for (int i = 0; i < random.nextInt(8); i++) {
          int from = random.nextInt(pages);
          int to = from + random.nextInt(pages + 64 - from);
          (random.nextBoolean() ? bitmap : other).set(from, to);
          Arrays.fill(expected, from, Math.min(to, pages), true);
        }
        bitmap.merge(other);
        assertThat(other.count()).isZero();
        for (int i = 0; i < pages; i += PageBitmap.PAGES_PER_WORD) {
          long word = bitmap.takeWord(i / PageBitmap.PAGES_PER_WORD);
          for (int bit = 0; bit < PageBitmap.PAGES_PER_WORD; bit++) {
            boolean set = (word >>> bit & 1) != 0;
            assertThat(set).isEqualTo(i + bit < pages && expected[i + bit]);
          }
        }
        assertThat(bitmap.count()).isZero();
      }
    });
  }
}
