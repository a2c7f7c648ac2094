// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.pages.MemoryChannel;
import io.vfio4j.engine.transport.ConnectedPair;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.zstd.ZstdCodec;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Compression of memory: the codec alone, and a compressed transfer over a socket beside an uncompressed one. */
final class ZstdBenchmark implements AutoCloseable {

  private static final int[] LEVELS = {1, 3};

  private static final double MIB = 1 << 20;

  /** The rate of gigabit Ethernet, bytes per second. */
  private static final long LINK = 125_000_000;

  /** The samples of one path. */
  private record PathSamples(OptionalInt level, long limit, Samples rate, Samples perCore, Samples ratio,
      Samples allocated) {

    PathSamples(OptionalInt level, long limit) {
      this(level, limit, new Samples(), new Samples(), new Samples(), new Samples());
    }

    void add(MemoryChannel pipe, MemoryChannel.Cost cost) {
      double sent = pipe.bytes() / MIB;
      rate.add(sent / (cost.nanos() / 1e9));
      perCore.add(sent / (cost.busierNanos() / 1e9));
      ratio.add((double) pipe.bytes() / pipe.bytesOnWire());
      allocated.add(cost.allocated() / 1024.0 / (sent / 1024));
    }

    List<String> row(PathSamples plain) {
      return List.of((limit == 0 ? "UNIX socket" : "at most 1 Gbit/s")
          + (level.isPresent() ? ", level " + level.getAsInt() : ", not compressed"),
          ratio.describe(2), rate.describe(0), rate.dividedBy(plain.rate).describe(2), perCore.describe(0),
          allocated.describe(0));
    }

    void clear() {
      List.of(rate, perCore, ratio, allocated).forEach(Samples::clear);
    }
  }

  private final Codec codec = new ZstdCodec();
  private final Arena arena = Arena.ofShared();
  private final int frame;
  private final TransportAddress address;
  private final MemorySegment demo;
  private final MemorySegment target;
  private final List<CodecBenchmark> alone = new ArrayList<>();
  private final List<PathSamples> paths = new ArrayList<>();

  /**
   * Prepares the memory.
   *
   * @param socket the path for the UNIX socket
   * @param frame maximum size of a frame, bytes
   */
  ZstdBenchmark(Path socket, int frame) throws IOException {
    this.frame = frame;
    this.address = new TransportAddress.Unix(socket);
    this.demo = MemoryContents.demo(arena);
    this.target = arena.allocate(demo.byteSize(), MemoryContents.PAGE);
    for (int level : LEVELS) {
      alone.add(new CodecBenchmark("what the demo loads", demo, codec, level, frame));
      alone.add(new CodecBenchmark("the demo's traffic", MemoryContents.traffic(arena), codec, level, frame));
      alone.add(new CodecBenchmark("noise", MemoryContents.random(arena), codec, level, frame));
    }
    for (long limit : new long[] {0, LINK}) {
      paths.add(new PathSamples(OptionalInt.empty(), limit));
      for (int level : LEVELS) {
        paths.add(new PathSamples(OptionalInt.of(level), limit));
      }
    }
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      for (CodecBenchmark trial : alone) {
        trial.run();
      }
      for (PathSamples samples : paths) {
        send(samples);
      }
    }
  }

  private void send(PathSamples samples) throws IOException, InterruptedException {
    target.fill((byte) 1);
    try (MemoryChannel pipe = new MemoryChannel(ConnectedPair.inTheClear(address), demo, target, frame)) {
      samples.level().ifPresent(level -> pipe.compressWith(new Compression(codec, level)));
      pipe.limit(samples.limit());
      samples.add(pipe, pipe.sendAll());
    }
    if (demo.mismatch(target) >= 0) {
      throw new IllegalStateException("the memory differs between source and target");
    }
  }

  /** Discards the samples so far. */
  void clear() {
    alone.forEach(CodecBenchmark::clear);
    paths.forEach(PathSamples::clear);
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "zstd alone, payloads of %d KiB".formatted(frame >> 10),
        List.of("", "ratio", "MiB compressed a second of processor", "decompressed",
            "heap for a payload, bytes"));
    alone.forEach(trial -> table.row(trial.row()));
    MarkdownTable sent = new MarkdownTable(out, "Memory, compressed in transit", List.of("", "ratio", "MiB/s",
        ": not compressed", "MiB a second of the busier thread's processor", "heap for a GiB, KiB"));
    Optional<PathSamples> plain = Optional.empty();
    for (PathSamples samples : paths) {
      plain = samples.level().isEmpty() ? Optional.of(samples) : plain;
      sent.row(samples.row(plain.orElseThrow()));
    }
  }

  @Override
  public void close() {
    alone.forEach(CodecBenchmark::close);
    arena.close();
  }
}
