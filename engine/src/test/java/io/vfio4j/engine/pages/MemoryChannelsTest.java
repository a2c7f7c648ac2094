// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.engine.transport.TransportPair;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sends memory over real sockets, with one thread at each end of each. */
class MemoryChannelsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int FRAME = 256 << 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir
  private Path folder;

  /** A connection for memory, and the work of its threads in a round. */
  private final class Channel implements AutoCloseable {
    private final Transport ours;
    private final Transport theirs;
    private final FrameWriter writer;
    private final FrameReader reader;
    private final MemorySender sender;
    private final MemoryReceiver receiver;

    Channel(MemoryTrial trial, ChannelShards shards, int number) throws IOException {
      TransportAddress.Unix address = new TransportAddress.Unix(folder.resolve("channel" + number));
      try (TransportListener listener = TransportPair.listener(address)) {
        ours = TransportPair.connect(address);
        theirs = listener.accept(PATIENCE);
      }
      writer = new FrameWriter(new FrameStream(ours, PATIENCE), buffer(trial));
      reader = new FrameReader(theirs, buffer(trial));
      sender = new MemorySender(trial.source, trial.pending, shards, number,
          new MemorySender.Output(writer, FRAME, MemoryTrial.ANY));
      receiver = new MemoryReceiver(trial.target, shards, number);
    }

    private static MemorySegment buffer(MemoryTrial trial) {
      return trial.arena.allocate(FrameHeader.BYTES + FrameHeader.MAX_PAYLOAD, 4096);
    }

    /** Sends a round and returns the bytes allocated on the heap. */
    long send(int round) throws IOException {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      sender.sendPending();
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      writer.sendRound(round);
      return allocated;
    }

    /** Receives a round and returns the bytes allocated on the heap. */
    long receive() throws IOException {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      while (reader.next(PATIENCE) == FrameKind.MEMORY) {
        receiver.apply(reader.payload(), reader.length());
      }
      return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    @Override
    public void close() throws IOException {
      try (theirs) {
        ours.close();
      }
    }
  }

  private List<Channel> open(MemoryTrial trial, int count) throws IOException {
    List<Channel> channels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      channels.add(new Channel(trial, new ChannelShards(count), i));
    }
    return channels;
  }

  /** Runs a round on all channels at the same time, and returns the bytes that each end allocated. */
  private static List<Long> round(List<Channel> channels, int number, ExecutorService threads)
      throws Exception {
    List<Future<Long>> ends = new ArrayList<>();
    for (Channel channel : channels) {
      ends.add(threads.submit(() -> channel.send(number)));
      ends.add(threads.submit(channel::receive));
    }
    List<Long> results = new ArrayList<>();
    for (Future<Long> end : ends) {
      results.add(end.get());
    }
    return results;
  }

  @Test
  void transfersConcurrentWritesOverChannels() throws Exception {
    int count = 3;
    try (MemoryTrial trial = new MemoryTrial(1, FRAME, 500, 3 * ChannelShards.SHARD_PAGES + 77);
        ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("channel-", 0).factory())) {
      ScriptedLog log = new ScriptedLog();
      TrackedLog tracked = new TrackedLog("writer", log, trial.source, trial.arena);
      tracked.start();
      List<Channel> channels = open(trial, count);
      AtomicBoolean running = new AtomicBoolean(true);
      Future<?> writer = threads.submit(() -> MemoryStreamTest.writeContinuously(trial, log, running));
      for (int round = 0; round < 6; round++) {
        round(channels, round, threads);
        if (round == 4) {
          running.set(false);
          writer.get();
        }
        tracked.collect();
        tracked.mergeInto(trial.pending);
      }
      round(channels, 6, threads);
      trial.assertSame();
      for (Channel channel : channels) {
        channel.close();
      }
    }
  }

  /** Less than 64 KiB for 16,384 pages in 261 frames: neither a page nor a frame allocates. */
  @Test
  void allocatesNoHeapPerPageOrFrame() throws Exception {
    long pages = ChannelShards.SHARD_PAGES;
    try (MemoryTrial trial = new MemoryTrial(1, FRAME, pages);
        ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("channel-", 0).factory())) {
      trial.source.get(0).memory().fill((byte) 1);
      try (Channel channel = open(trial, 1).getFirst()) {
        round(List.of(channel), 0, threads);
        trial.pending.markAll();
        List<Long> allocated = round(List.of(channel), 1, threads);
        assertThat(channel.sender.pages()).isEqualTo(2 * pages);
        assertThat(allocated).as("bytes allocated for sending and receiving")
            .allMatch(bytes -> bytes < 64 << 10);
      }
    }
  }
}
