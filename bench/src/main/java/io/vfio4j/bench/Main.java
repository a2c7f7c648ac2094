// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.pages.MemoryChannel;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs benchmarks of our client and server beside the same in C, interleaved within each round; servers are
 * separate processes:
 * {@code Main PINGPONG-PROGRAM [reads] [posts] [state] [stream] [map] [report] [memory] [tls] [zstd] [files] [downtime] [simulate] [swap]}.
 * Properties: {@code bench.rounds}, {@code bench.reads}, {@code bench.posts}, {@code bench.pairs},
 * {@code bench.reports}, {@code bench.memory}, {@code bench.streamMemory}, {@code bench.movedMemory},
 * {@code bench.savedMemory}, {@code bench.swaps}, {@code bench.swapMemory} (MiB, separated by commas),
 * {@code bench.vfio4j} (the launcher), {@code bench.disk} (the folder for files), {@code bench.frame} (size of a frame with
 * memory, bytes), {@code bench.busyPoll} (microseconds, only our side).
 */
public final class Main {

  private static final int ROUNDS = Integer.getInteger("bench.rounds", 11);
  private static final int READS = Integer.getInteger("bench.reads", 50_000);
  private static final int POSTS = Integer.getInteger("bench.posts", 500_000);
  private static final long MEMORY = Long.getLong("bench.memory", 1L << 30);
  private static final long STREAM_MEMORY = Long.getLong("bench.streamMemory", 256L << 20);
  private static final int PAIRS = Integer.getInteger("bench.pairs", 5_000);
  private static final int REPORTS = Integer.getInteger("bench.reports", 100);
  private static final long MOVED_MEMORY = Long.getLong("bench.movedMemory", 512L << 20);
  private static final long SAVED_MEMORY = Long.getLong("bench.savedMemory", 4L << 30);
  private static final Path DISK = Path.of(System.getProperty("bench.disk", "/var/tmp"));
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final int FRAME = Integer.getInteger("bench.frame", MemoryChannel.FRAME_BYTES);
  private static final int SWAPS = Integer.getInteger("bench.swaps", 100);
  private static final String SWAP_MEMORY = System.getProperty("bench.swapMemory", "1,1024,8192");
  private static final int WARM_UP = 2_000;

  private final BaselinePrograms baseline;
  private final Path folder;

  private Main(BaselinePrograms baseline, Path folder) {
    this.baseline = baseline;
    this.folder = folder;
  }

  /** Runs the benchmarks. */
  public static void main(String[] args) throws IOException, InterruptedException, MigrationException {
    List<String> what =
        args.length > 1 ? List.of(args).subList(1, args.length)
            : List.of("reads", "posts", "state", "stream", "map", "report", "memory", "tls", "zstd", "files",
                "downtime", "simulate", "swap");
    Path folder = Files.createTempDirectory("vfio4j-bench");
    try {
      Main bench = new Main(new BaselinePrograms(Path.of(args[0])), folder);
      if (what.contains("reads")) {
        bench.reads();
      }
      if (what.contains("posts")) {
        bench.posts();
      }
      if (what.contains("state")) {
        bench.state();
      }
      if (what.contains("stream")) {
        bench.stream();
      }
      if (what.contains("map")) {
        bench.map();
      }
      if (what.contains("report")) {
        bench.report();
      }
      if (what.contains("memory")) {
        bench.memory();
        bench.rounds();
      }
      if (what.contains("downtime")) {
        new DowntimeBenchmark(folder, ROUNDS, System.out).run();
      }
      if (what.contains("simulate") && !new SimulatorAccuracy(folder, System.out).run()) {
        throw new IllegalStateException("the simulator deviates too much");
      }
      if (what.contains("swap")) {
        bench.swap();
      }
      if (what.contains("tls")) {
        bench.tls();
      }
      if (what.contains("zstd")) {
        bench.zstd();
      }
      if (what.contains("files")) {
        bench.files();
      }
    } finally {
      delete(folder);
    }
  }

  /** Deletes a folder with the sockets and journals in it. */
  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      // The content of a folder before the folder.
      List<Path> content = files.toList().reversed();
      for (Path file : content) {
        Files.delete(file);
      }
    }
  }

  private void reads() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", 1 << 20); ServerProcess inC = startBaselineServer(1)) {
      new RegionReadBenchmark(baseline, ours, inC, READS, WARM_UP).run(1); // The JVMs compile.
      RegionReadBenchmark rounds = new RegionReadBenchmark(baseline, ours, inC, READS, WARM_UP);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void posts() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", 1 << 20); ServerProcess inC = startBaselineServer(1)) {
      new PostedWriteBenchmark(baseline, ours, inC, POSTS).run(2); // The JVMs compile.
      PostedWriteBenchmark rounds = new PostedWriteBenchmark(baseline, ours, inC, POSTS);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void state() throws IOException, InterruptedException {
    try (ServerProcess one = startServer("one", MEMORY); ServerProcess other = startServer("other", MEMORY);
        ServerProcess inC = startBaselineServer(MEMORY)) {
      StateBenchmark.run(baseline, one, other, inC, MEMORY, 2); // The JVMs compile.
      StateBenchmark.run(baseline, one, other, inC, MEMORY, ROUNDS).print(System.out);
    }
  }

  private void stream() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", STREAM_MEMORY);
        ServerProcess inC = startBaselineServer(STREAM_MEMORY)) {
      try (VfioUserClient client = BenchClients.connect(ours)) {
        StateCopyClient.fill(client, STREAM_MEMORY);
      }
      new StateStreamBenchmark(baseline, ours, inC, STREAM_MEMORY).run(2); // The JVMs compile.
      StateStreamBenchmark rounds = new StateStreamBenchmark(baseline, ours, inC, STREAM_MEMORY);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void map() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", 1 << 20); ServerProcess inC = startBaselineServer(1)) {
      new DmaMapBenchmark(baseline, ours, inC, PAIRS, WARM_UP).run(2); // The JVMs compile.
      DmaMapBenchmark rounds = new DmaMapBenchmark(baseline, ours, inC, PAIRS, WARM_UP);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void report() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", 1 << 20); ServerProcess inC = startBaselineServer(1)) {
      new DirtyReportBenchmark(baseline, ours, inC, REPORTS).run(2); // The JVMs compile.
      DirtyReportBenchmark rounds = new DirtyReportBenchmark(baseline, ours, inC, REPORTS);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void memory() throws IOException, InterruptedException {
    try (MemoryBenchmark rounds =
        new MemoryBenchmark(baseline, folder.resolve("memory"), MOVED_MEMORY, FRAME)) {
      rounds.run(2); // The JVM compiles.
      rounds.clear();
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void swap() throws IOException, InterruptedException {
    SwapReadBenchmark reads = new SwapReadBenchmark(folder, READS, WARM_UP);
    reads.run(3, ROUNDS); // The JVMs compile in the first three.
    reads.print(System.out);
    SwapPauseBenchmark pauses = new SwapPauseBenchmark(folder, System.out);
    for (String mebibytes : SWAP_MEMORY.split(",", -1)) {
      long memory = Long.parseLong(mebibytes) << 20;
      pauses.run(new SwapPauseBenchmark.Setup(memory, false, false, SWAPS));
      pauses.run(new SwapPauseBenchmark.Setup(memory, true, false, SWAPS));
    }
    pauses.run(new SwapPauseBenchmark.Setup(1 << 20, true, true, SWAPS));
  }

  private void tls() throws IOException, InterruptedException {
    try (TlsBenchmark rounds = new TlsBenchmark(folder.resolve("keys"), MOVED_MEMORY, FRAME)) {
      rounds.run(3); // The JVM compiles.
      rounds.clear();
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void zstd() throws IOException, InterruptedException {
    try (ZstdBenchmark rounds = new ZstdBenchmark(folder.resolve("zstd"), FRAME)) {
      rounds.run(2); // The JVM compiles.
      rounds.clear();
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void files() throws IOException, InterruptedException {
    try (ServerProcess large = startServer("large", SAVED_MEMORY);
        ServerProcess small = startServer("small", 1 << 20);
        FileBenchmark rounds = new FileBenchmark(large, small, SAVED_MEMORY, SHARED_MEMORY, DISK)) {
      rounds.run(1); // The JVM compiles.
      rounds.clear();
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private void rounds() throws IOException, InterruptedException {
    try (ServerProcess ours = startServer("java", 1 << 20); ServerProcess inC = startBaselineServer(1)) {
      new DirtyLogBenchmark(baseline, ours, inC, REPORTS).run(2); // The JVMs compile.
      DirtyLogBenchmark rounds = new DirtyLogBenchmark(baseline, ours, inC, REPORTS);
      rounds.run(ROUNDS);
      rounds.print(System.out);
    }
  }

  private ServerProcess startServer(String name, long memory) throws IOException {
    return ServerProcess.ours(folder.resolve(name), memory);
  }

  private ServerProcess startBaselineServer(long memory) throws IOException {
    return ServerProcess.baseline(baseline, folder.resolve("c"), memory);
  }
}
