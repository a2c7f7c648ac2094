// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.MemoryOutput;
import io.vfio4j.engine.stream.RateGate;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Memory on both sides, and channels between them that apply each frame as it is sent. */
final class MemoryTrial implements AutoCloseable {

  static final long PAGE = RegionRules.PAGE_SIZE;
  static final RateGate ANY = (_, _) -> {
  };

  final Arena arena = Arena.ofShared();
  final MemoryRegions source;
  final MemoryRegions target;
  final PendingPages pending;
  final List<MemorySender> senders = new ArrayList<>();

  /** Creates regions of the given numbers of pages; pairs of them are adjacent. */
  MemoryTrial(int channels, int frameBytes, long... pages) {
    List<MemoryRegion> ours = new ArrayList<>();
    List<MemoryRegion> theirs = new ArrayList<>();
    long iova = 1L << 32;
    for (int i = 0; i < pages.length; i++) {
      long size = pages[i] * PAGE;
      ours.add(new MemoryRegion("region" + i, iova, arena.allocate(size, PAGE)));
      theirs.add(new MemoryRegion("region" + i, iova, arena.allocate(size, PAGE)));
      iova += size + i % 2 * PAGE;
    }
    source = new MemoryRegions(ours);
    target = new MemoryRegions(theirs);
    pending = new PendingPages(source);
    ChannelShards shards = new ChannelShards(channels);
    for (int channel = 0; channel < channels; channel++) {
      MemoryReceiver receiver = new MemoryReceiver(target, shards, channel);
      senders
          .add(new MemorySender(source, pending, shards, channel,
              new MemorySender.Output(new Direct(receiver, buffer(frameBytes)), frameBytes, ANY)));
    }
  }

  private MemorySegment buffer(int bytes) {
    return arena.allocate(bytes, PAGE);
  }

  /** An output that passes each frame to a receiver. */
  private record Direct(MemoryReceiver receiver, MemorySegment payload) implements MemoryOutput {
    @Override
    public void sendMemory(int length, RateGate gate) throws IOException {
      gate.acquire(length, length);
      receiver.apply(payload, length);
    }
  }

  void sendAll() throws IOException {
    for (MemorySender sender : senders) {
      sender.sendPending();
    }
  }

  void assertSame() {
    IntStream.range(0, source.count()).forEach(
        i -> assertThat(source.get(i).memory().mismatch(target.get(i).memory())).as("region " + i)
            .isEqualTo(-1));
  }

  @Override
  public void close() {
    pending.close();
    arena.close();
  }
}
