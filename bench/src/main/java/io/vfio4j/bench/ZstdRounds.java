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

/** Memory that is compressed: the codec alone, and on its way over a socket beside the same uncompressed. */
final class ZstdRounds implements AutoCloseable {

  private static final int[] LEVELS = {1, 3};

  private static final double MIB = 1 << 20;

  /** A gigabit Ethernet. */
  private static final long LINK = 125_000_000;

  /** One way for memory to go. */
  private record Way(OptionalInt level, long limit, Samples rate, Samples perCore, Samples ratio,
      Samples allocated) {

    Way(OptionalInt level, long limit) {
      this(level, limit, new Samples(), new Samples(), new Samples(), new Samples());
    }

    void add(MemoryChannel pipe, MemoryChannel.Cost cost) {
      double sent = pipe.bytes() / MIB;
      rate.add(sent / (cost.nanos() / 1e9));
      perCore.add(sent / (cost.busierNanos() / 1e9));
      ratio.add((double) pipe.bytes() / pipe.bytesOnWire());
      allocated.add(cost.allocated() / 1024.0 / (sent / 1024));
    }

    List<String> row(Way plain) {
      return List.of((limit == 0 ? "UNIX socket" : "at most 1 Gbit/s")
          + (level.isPresent() ? ", level " + level.getAsInt() : ", not compressed"),
          ratio.describe(2), rate.describe(0), rate.dividedBy(plain.rate).describe(2), perCore.describe(0),
          allocated.describe(0));
    }

    void forget() {
      List.of(rate, perCore, ratio, allocated).forEach(Samples::forget);
    }
  }

  private final Codec codec = new ZstdCodec();
  private final Arena arena = Arena.ofShared();
  private final int frame;
  private final TransportAddress address;
  private final MemorySegment demo;
  private final MemorySegment target;
  private final List<CodecTrial> alone = new ArrayList<>();
  private final List<Way> ways = new ArrayList<>();

  /**
   * Prepares the memory.
   *
   * @param socket where a UNIX socket may be
   * @param frame bytes of the longest frame
   */
  ZstdRounds(Path socket, int frame) throws IOException {
    this.frame = frame;
    this.address = new TransportAddress.Unix(socket);
    this.demo = Contents.ofTheDemo(arena);
    this.target = arena.allocate(demo.byteSize(), Contents.PAGE);
    for (int level : LEVELS) {
      alone.add(new CodecTrial("what the demo loads", demo, codec, level, frame));
      alone.add(new CodecTrial("the demo's traffic", Contents.ofTraffic(arena), codec, level, frame));
      alone.add(new CodecTrial("noise", Contents.noise(arena), codec, level, frame));
    }
    for (long limit : new long[] {0, LINK}) {
      ways.add(new Way(OptionalInt.empty(), limit));
      for (int level : LEVELS) {
        ways.add(new Way(OptionalInt.of(level), limit));
      }
    }
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      for (CodecTrial trial : alone) {
        trial.run();
      }
      for (Way way : ways) {
        send(way);
      }
    }
  }

  private void send(Way way) throws IOException, InterruptedException {
    target.fill((byte) 1);
    try (MemoryChannel pipe = new MemoryChannel(ConnectedPair.inTheClear(address), demo, target, frame)) {
      way.level().ifPresent(level -> pipe.compressWith(new Compression(codec, level)));
      pipe.limit(way.limit());
      way.add(pipe, pipe.sendAll());
    }
    if (demo.mismatch(target) >= 0) {
      throw new IllegalStateException("the memory is not the same on both sides");
    }
  }

  /** Drops what was measured so far. */
  void forget() {
    alone.forEach(CodecTrial::forget);
    ways.forEach(Way::forget);
  }

  void print(PrintStream out) {
    Table table = new Table(out, "zstd alone, payloads of %d KiB".formatted(frame >> 10),
        List.of("", "ratio", "MiB compressed a second of processor", "decompressed",
            "heap for a payload, bytes"));
    alone.forEach(trial -> table.row(trial.row()));
    Table sent = new Table(out, "Memory, compressed on its way", List.of("", "ratio", "MiB/s",
        ": not compressed", "MiB a second of the busier thread's processor", "heap for a GiB, KiB"));
    Optional<Way> plain = Optional.empty();
    for (Way way : ways) {
      plain = way.level().isEmpty() ? Optional.of(way) : plain;
      sent.row(way.row(plain.orElseThrow()));
    }
  }

  @Override
  public void close() {
    alone.forEach(CodecTrial::close);
    arena.close();
  }
}
