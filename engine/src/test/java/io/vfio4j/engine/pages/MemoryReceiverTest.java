// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.testkit.Seeds;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Valid and invalid MEMORY frames. An invalid one is rejected before anything is written. */
class MemoryReceiverTest {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final int ROOM = 64 << 10;

  private final Arena arena = Arena.ofShared();
  private final MemoryRegion small = new MemoryRegion("small", 0, arena.allocate(8 * PAGE, PAGE));
  /** Two shards and a few pages. */
  private final MemoryRegion large =
      new MemoryRegion("large", 1 << 30, arena.allocate((2 * ChannelShards.SHARD_PAGES + 5) * PAGE, PAGE));
  private final MemoryRegions memory = MemoryRegions.of(small, large);
  private final MemorySegment payload = arena.allocate(ROOM, PAGE);
  private final MemoryRuns runs = new MemoryRuns(payload);
  private final MemoryReceiver only = new MemoryReceiver(memory, new ChannelShards(1), 0);

  @AfterEach
  void free() {
    arena.close();
  }

  /** Runs are {page, pages, flags}. */
  private int frame(int region, long[]... some) {
    payload.fill((byte) 0x77);
    runs.setHead(region, some.length);
    long data = 0;
    for (int i = 0; i < some.length; i++) {
      runs.setRun(i, some[i][0] * PAGE, (int) some[i][1], (int) some[i][2]);
      data += some[i][2] == 0 ? some[i][1] : 0;
    }
    return MemoryRuns.dataAt(some.length) + (int) (data * PAGE);
  }

  private static long[] run(long page, long pages, int flags) {
    return new long[] {page, pages, flags};
  }

  private void assertRefused(String how, int length) {
    assertRefused(how, length, only);
  }

  private void assertRefused(String how, int length, MemoryReceiver receiver) {
    long before = sum();
    assertThatThrownBy(() -> receiver.apply(payload, length)).isInstanceOf(StreamException.class)
        .hasMessage("the stream has an invalid MEMORY frame: " + how);
    assertThat(sum()).as("the memory").isEqualTo(before);
  }

  private long sum() {
    return small.memory().elements(ValueLayout.JAVA_LONG).mapToLong(s -> s.get(ValueLayout.JAVA_LONG, 0))
        .sum();
  }

  @Test
  void appliesValidFrame() throws IOException {
    small.memory().fill((byte) 0x11);
    only.apply(payload, frame(0, run(1, 2, 0), run(4, 1, MemoryRuns.ZERO), run(6, 1, 0)));
    byte[] pages = new byte[8];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = small.memory().get(ValueLayout.JAVA_BYTE, (i + 1) * PAGE - 1);
    }
    assertThat(pages).containsExactly(0x11, 0x77, 0x77, 0x11, 0, 0x11, 0x77, 0x11);
    assertThat(only.bytes()).isEqualTo(8 + 3 * 16 + 3 * PAGE);
  }

  @Test
  void rejectsInvalidFrames() {
    assertRefused("region 2 of 2", frame(2, run(0, 1, 0)));
    assertRefused("region 4294967295 of 2", frame(-1, run(0, 1, 0)));
    assertRefused("8 pages at 0x1000 of region small, which has 8", frame(0, run(1, 8, 0)));
    assertRefused("1 pages at 0x8000 of region small, which has 8", frame(0, run(8, 1, MemoryRuns.ZERO)));
    assertRefused("0 pages at 0x0 of region small, which has 8", frame(0, run(0, 0, 0)));
    assertRefused("4294967295 pages at 0x0 of region small, which has 8",
        frame(0, run(0, -1, MemoryRuns.ZERO)));
    assertRefused("1 pages at 0xfffffffffffff000 of region small, which has 8", frame(0, run(-1, 1, 0)));
    assertRefused("unknown flags 0x2", frame(0, run(0, 1, 2)));
    assertRefused("a run at 0x1000 after one that ends at 0x3000", frame(0, run(1, 2, 0), run(1, 1, 0)));
    assertRefused("8217 bytes for 1 runs with 2 pages of data", frame(0, run(0, 2, 0)) + 1);
    assertRefused("8200 bytes for 1 runs with 2 pages of data", frame(0, run(0, 2, 0)) - 16);
    int length = frame(0, run(0, 1, 0));
    runs.setRun(0, 12, 1, 0);
    assertRefused("1 pages at 0xc of region small, which has 8", length);
    runs.setHead(0, 0);
    assertRefused("0 runs in 4120 bytes", length);
    runs.setHead(0, -1);
    assertRefused("4294967295 runs in 4120 bytes", length);
    assertRefused("it has 7 bytes", 7);
  }

  @Test
  void rejectsFramesTouchingTooManyPages() throws IOException {
    long half = ChannelShards.SHARD_PAGES / 2;
    only.apply(payload, frame(1, run(0, ChannelShards.SHARD_PAGES, MemoryRuns.ZERO)));
    assertRefused("16384 pages at page 8192, which are in two shards",
        frame(1, run(half, ChannelShards.SHARD_PAGES, MemoryRuns.ZERO)));
    assertRefused("24576 pages, but 16384 at most",
        frame(1, run(0, ChannelShards.SHARD_PAGES, MemoryRuns.ZERO),
            run(ChannelShards.SHARD_PAGES, half, MemoryRuns.ZERO)));
  }

  @Test
  void rejectsPagesOfOtherChannels() throws IOException {
    MemoryReceiver second = new MemoryReceiver(memory, new ChannelShards(2), 1);
    second.apply(payload, frame(1, run(0, 1, 0), run(2 * ChannelShards.SHARD_PAGES, 5, 0)));
    assertRefused("page 16384 on channel 1 instead of 0", frame(1, run(ChannelShards.SHARD_PAGES, 1, 0)),
        second);
    assertRefused("page 3 on channel 1 instead of 0", frame(0, run(3, 1, 0)), second);
  }

  @Test
  void rejectsFrameTruncatedAtAnyByte() throws IOException {
    int whole = frame(0, run(0, 1, 0), run(2, 2, MemoryRuns.ZERO), run(5, 2, 0));
    for (int length = 0; length < whole; length++) {
      int cut = length;
      assertThatThrownBy(() -> only.apply(payload, cut)).isInstanceOf(StreamException.class);
    }
    only.apply(payload, whole);
  }

  @Test
  void confinesDamagedFrames() {
    Seeds.forEach(5000, random -> {
      int length = frame(random.nextInt(2), run(0, 1, 0), run(2, 2, MemoryRuns.ZERO), run(5, 2, 0));
      for (int i = 0; i <= random.nextInt(4); i++) {
        payload.set(ValueLayout.JAVA_BYTE, random.nextInt(MemoryRuns.dataAt(3)), (byte) random.nextInt());
      }
      int announced = random.nextInt(4) == 0 ? random.nextInt(ROOM + 1) : length;
      MemoryReceiver receiver =
          new MemoryReceiver(memory, new ChannelShards(1 + random.nextInt(4)), random.nextInt(2));
      try {
        receiver.apply(payload, announced);
        assertThat(receiver.bytes()).isEqualTo(announced);
      } catch (StreamException e) {
        assertThat(e).hasMessageStartingWith("the stream has an invalid MEMORY frame: ");
      }
    });
  }
}
