// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import com.sun.management.ThreadMXBean;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.progress.BandwidthLimit;
import io.vfio4j.engine.stream.CompressedFrame;
import io.vfio4j.engine.stream.CompressedPayload;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.transport.ConnectedPair;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.engine.util.NanoClock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * One memory channel with a thread at each end, for measurement. It is in the engine's package because channels are
 * not public.
 */
public final class MemoryChannel implements AutoCloseable {

  /** The default maximum payload of a frame. */
  public static final int FRAME_BYTES = MemorySender.FRAME_BYTES;

  private static final Duration TIMEOUT = Duration.ofMinutes(1);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * The cost of a pass.
   *
   * @param nanos elapsed time
   * @param processorNanos CPU time of both threads
   * @param busierNanos CPU time of the busier thread
   * @param allocated bytes of heap allocated by both threads
   */
  public record Cost(long nanos, long processorNanos, long busierNanos, long allocated) {
  }

  /** The cost of one thread. */
  private record Share(long processorNanos, long allocated) {
  }

  private final Arena arena = Arena.ofShared();
  private final Transport ours;
  private final Transport theirs;
  private final PendingPages pending;
  private final FrameWriter writer;
  private final FrameReader reader;
  private final MemorySender sender;
  private final MemoryReceiver receiver;
  private final List<Runnable> closers = new ArrayList<>();
  private BandwidthLimit limit = new BandwidthLimit(NanoClock.SYSTEM, 0);
  private long bytesOnWire;

  /**
   * Creates a channel over a connection, which it closes.
   *
   * @param ends the ends of the connection
   * @param source the memory to send
   * @param target the memory to receive into, of the same size
   * @param frameBytes maximum payload of a frame
   */
  public MemoryChannel(ConnectedPair ends, MemorySegment source, MemorySegment target, int frameBytes)
      throws IOException {
    ours = ends.ours();
    theirs = ends.theirs();
    MemoryRegions from = MemoryRegions.of(new MemoryRegion("ram", 0, source));
    MemoryRegions into = MemoryRegions.of(new MemoryRegion("ram", 0, target));
    pending = new PendingPages(from);
    writer = new FrameWriter(new FrameStream(ours, TIMEOUT), buffer());
    reader = new FrameReader(theirs, buffer());
    ChannelShards shards = new ChannelShards(1);
    sender =
        new MemorySender(from, pending, shards, 0,
            new MemorySender.Output(writer, frameBytes, this::permit));
    receiver = new MemoryReceiver(into, shards, 0);
  }

  private void permit(long bytes, long onWire) throws IOException {
    Interrupts.check();
    limit.acquire(onWire);
    bytesOnWire += onWire;
  }

  /** Compresses all data from now on. */
  public void compressWith(Compression how) {
    Compressor compressor = how.codec().newCompressor(how.level());
    Decompressor decompressor = how.codec().newDecompressor();
    closers.addAll(List.of(compressor::close, decompressor::close));
    writer.compressWith(new CompressedFrame(compressor,
        arena.allocate(FrameHeader.BYTES + how.codec().bound(FrameHeader.MAX_PAYLOAD),
            RegionRules.PAGE_SIZE)));
    reader.decompressWith(new CompressedPayload(decompressor,
        arena.allocate(FrameHeader.MAX_PAYLOAD, RegionRules.PAGE_SIZE)));
  }

  /** Limits the bytes per second on the wire from now on. */
  public void limit(long bytesPerSecond) {
    limit = new BandwidthLimit(NanoClock.SYSTEM, bytesPerSecond);
  }

  /** Returns the payload bytes sent over the wire. */
  public long bytesOnWire() {
    return bytesOnWire;
  }

  /** Returns the payload bytes before compression. */
  public long bytes() {
    return sender.bytes();
  }

  private MemorySegment buffer() {
    return arena.allocate(FrameHeader.BYTES + FrameHeader.MAX_PAYLOAD, RegionRules.PAGE_SIZE);
  }

  /** Sends all memory once. */
  public Cost sendAll() throws IOException, InterruptedException {
    pending.markAll();
    FutureTask<Share> sending = new FutureTask<>(() -> measured(this::send));
    FutureTask<Share> receiving = new FutureTask<>(() -> measured(this::receive));
    long began = System.nanoTime();
    Thread.ofPlatform().name("bench-send").start(sending);
    Thread.ofPlatform().name("bench-receive").start(receiving);
    try {
      Share received = receiving.get();
      long took = System.nanoTime() - began;
      Share sent = sending.get();
      return new Cost(took, received.processorNanos() + sent.processorNanos(),
          Math.max(received.processorNanos(), sent.processorNanos()),
          received.allocated() + sent.allocated());
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  private Void send() throws IOException {
    sender.sendPending();
    writer.sendRound(1);
    return null;
  }

  private Void receive() throws IOException {
    while (reader.next(TIMEOUT) == FrameKind.MEMORY) {
      receiver.apply(reader.payload(), reader.length());
    }
    return null;
  }

  private static Share measured(Callable<Void> work) throws Exception {
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    long processor = THREADS.getCurrentThreadCpuTime();
    work.call();
    return new Share(THREADS.getCurrentThreadCpuTime() - processor,
        THREADS.getCurrentThreadAllocatedBytes() - allocated);
  }

  @Override
  public void close() throws IOException {
    try (arena; pending; theirs; ours) {
      closers.forEach(Runnable::run);
    }
  }
}
