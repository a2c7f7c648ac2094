// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.StateRestorer;
import io.vfio4j.engine.file.StateSaver;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Saves states to a disk and restores them, beside {@code dd} with the same number of bytes on the same disk. */
final class FileBenchmark implements AutoCloseable {

  private static final MigrationOptions OPTIONS = MigrationOptions.defaults()
      .withMaxDowntime(Duration.ofHours(1)).withMaxQuiesce(Duration.ofHours(1));

  private static final byte CONTENT = 0x5a;

  /** The rates of one path, GiB/s. */
  private record FileSamples(String name, Samples write, Samples coldRead, Samples warmRead) {

    FileSamples(String name) {
      this(name, new Samples(), new Samples(), new Samples());
    }

    void clear() {
      List.of(write, coldRead, warmRead).forEach(Samples::clear);
    }

    List<String> row(FileSamples baseline) {
      return List.of(name, write.describe(2), write.dividedBy(baseline.write).describe(2),
          coldRead.describe(2), coldRead.dividedBy(baseline.coldRead).describe(2), warmRead.describe(2),
          warmRead.dividedBy(baseline.warmRead).describe(2));
    }
  }

  /** Work to be timed. */
  private interface TimedWork {
    void run() throws IOException, InterruptedException;
  }

  private final long bytes;
  private final ServerProcess large;
  private final ServerProcess small;
  private final Path memoryFile;
  private final Path file;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final FileSamples dd = new FileSamples("dd");
  private final FileSamples ofDevice = new FileSamples("state of a device");
  private final FileSamples ofMemory = new FileSamples("memory");

  /**
   * Prepares the source.
   *
   * @param large one of our servers, with this much memory as the state of its device
   * @param small one of our servers with almost no memory, whose state the memory accompanies
   * @param shared a folder on tmpfs
   * @param disk a folder on the disk
   */
  FileBenchmark(ServerProcess large, ServerProcess small, long bytes, Path shared, Path disk)
      throws IOException {
    this.large = large;
    this.small = small;
    this.bytes = bytes;
    this.memoryFile = Files.createTempFile(shared, "vfio4j-bench", ".memory");
    this.file = Files.createTempFile(disk, "vfio4j-bench", ".state");
    try (FileChannel channel =
        FileChannel.open(memoryFile, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena).fill(CONTENT);
    }
    try (VfioUserClient client = BenchClients.connect(large)) {
      StateCopyClient.fill(client, bytes);
    }
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      measure(dd, () -> call("dd", "if=" + memoryFile, "of=" + file, "bs=1M", "conv=fsync"),
          () -> call("dd", "if=" + file, "of=/dev/null", "bs=1M"));
      measure(ofDevice, () -> save(large, MemoryRegions.NONE), () -> restore(large, MemoryRegions.NONE));
      MemoryRegions regions = new MemoryRegions(List.of(new MemoryRegion("ram", 0, memory)));
      measure(ofMemory, () -> save(small, regions), () -> restore(small, regions));
      if (memory.asSlice(0, bytes / 2).mismatch(memory.asSlice(bytes / 2)) >= 0
          || memory.get(ValueLayout.JAVA_BYTE, bytes - 1) != CONTENT) {
        throw new IllegalStateException("the restored memory differs");
      }
    }
  }

  private void measure(FileSamples samples, TimedWork write, TimedWork read)
      throws IOException, InterruptedException {
    Files.deleteIfExists(file);
    samples.write().add(gibPerSecond(write));
    // The file has been synced, so all of it can be dropped from the page cache.
    call("dd", "if=" + file, "iflag=nocache", "count=0");
    samples.coldRead().add(gibPerSecond(read));
    samples.warmRead().add(gibPerSecond(read));
  }

  private double gibPerSecond(TimedWork work) throws IOException, InterruptedException {
    long began = System.nanoTime();
    work.run();
    return new TimedTransfer(bytes, System.nanoTime() - began).gibPerSecond();
  }

  private void save(ServerProcess server, MemoryRegions regions) throws IOException {
    try (VfioUserClient client = BenchClients.connect(server)) {
      new StateSaver(DeviceSet.of(client).withMemory(regions), file, true, OPTIONS, Workload.NONE,
          MigrationListener.NONE).run();
    } catch (MigrationException e) {
      throw new IOException(e);
    }
  }

  private void restore(ServerProcess server, MemoryRegions regions) throws IOException {
    try (VfioUserClient client = BenchClients.connect(server)) {
      new StateRestorer(DeviceSet.of(client).withMemory(regions), file, OPTIONS, MigrationListener.NONE)
          .run();
    } catch (RestoreException e) {
      throw new IOException(e);
    }
  }

  private static void call(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
  }

  /** Discards the samples so far. */
  void clear() {
    List.of(dd, ofDevice, ofMemory).forEach(FileSamples::clear);
  }

  void print(PrintStream out) {
    List<String> columns = new ArrayList<>(List.of(""));
    for (String what : List.of("save", "restore, from the disk", "restore, from the page cache")) {
      columns.addAll(List.of(what, ": dd"));
    }
    MarkdownTable table =
        new MarkdownTable(out, "States of %d MiB in files, GiB/s".formatted(bytes >> 20), columns);
    List.of(dd, ofDevice, ofMemory).forEach(samples -> table.row(samples.row(dd)));
  }

  @Override
  public void close() throws IOException {
    arena.close();
    Files.deleteIfExists(memoryFile);
    Files.deleteIfExists(file);
  }
}
