// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.pages.MemoryChannel;
import io.vfio4j.engine.transport.ConnectedPair;
import io.vfio4j.engine.transport.TransportAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Memory over sockets within one machine: by a migration channel, and in plain C. */
final class MemoryBenchmark implements AutoCloseable {

  /** Size of a write and of a read in C. */
  private static final int CHUNK_BYTES = 1 << 20;

  private static final TransportAddress TCP = new TransportAddress.Tcp("127.0.0.1", 0);

  private static final double GIB = 1L << 30;

  /** The samples of one path. */
  private record PathSamples(String name, Samples rate, Samples perProcessor, Samples allocated) {

    PathSamples(String name) {
      this(name, new Samples(), new Samples(), new Samples());
    }

    void add(long bytes, MemoryChannel.Cost cost) {
      rate.add(bytes / GIB / (cost.nanos() / 1e9));
      perProcessor.add(bytes / GIB / (cost.processorNanos() / 1e9));
      allocated.add(cost.allocated() / 1024.0 / (bytes / GIB));
    }

    List<String> row(PathSamples raw) {
      return List.of(name, rate.describe(2), rate.dividedBy(raw.rate).describe(2), perProcessor.describe(2),
          perProcessor.dividedBy(raw.perProcessor).describe(2));
    }

    void clear() {
      rate.clear();
      perProcessor.clear();
      allocated.clear();
    }
  }

  private final BaselinePrograms baseline;
  private final long bytes;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment source;
  private final MemorySegment target;
  private final TransportAddress unix;
  private final int frame;
  private final PathSamples baselineCopy = new PathSamples("memcpy");
  private final PathSamples baselineUnix = new PathSamples("UNIX socket, C");
  private final PathSamples unixOurs = new PathSamples("UNIX socket, ours");
  private final PathSamples baselineTcp = new PathSamples("TCP, C");
  private final PathSamples tcpOurs = new PathSamples("TCP, ours");

  /**
   * Prepares both ends.
   *
   * @param socket the path for the UNIX socket
   * @param bytes the size of the memory
   * @param frame maximum size of a frame, bytes
   */
  MemoryBenchmark(BaselinePrograms baseline, Path socket, long bytes, int frame) {
    this.baseline = baseline;
    this.bytes = bytes;
    source = arena.allocate(bytes, 4096).fill((byte) 0x5a);
    target = arena.allocate(bytes, 4096).fill((byte) 1);
    this.unix = new TransportAddress.Unix(socket);
    this.frame = frame;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      baselineCopy.add(bytes, baseline.copyMemory(bytes));
      baselineUnix.add(bytes, baseline.moveMemory("unix", bytes, CHUNK_BYTES));
      unixOurs.add(bytes, send(unix));
      baselineTcp.add(bytes, baseline.moveMemory("tcp", bytes, CHUNK_BYTES));
      tcpOurs.add(bytes, send(TCP));
    }
  }

  /** Sends over a new connection, as in C, because the kernel adapts the buffers of a connection to its use. */
  private MemoryChannel.Cost send(TransportAddress address) throws IOException, InterruptedException {
    MemoryChannel.Cost cost;
    try (MemoryChannel pipe = new MemoryChannel(ConnectedPair.inTheClear(address), source, target, frame)) {
      cost = pipe.sendAll();
    }
    if (source.mismatch(target) >= 0) {
      throw new IllegalStateException("the memory differs between source and target");
    }
    target.fill((byte) 1);
    return cost;
  }

  /** Discards the samples so far. */
  void clear() {
    List.of(baselineCopy, baselineUnix, unixOurs, baselineTcp, tcpOurs).forEach(PathSamples::clear);
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Memory, moved within one machine",
        List.of("", "GiB/s", ": C", "GiB a second of processor", ": C"));
    table.row(baselineCopy.row(baselineCopy));
    table.row(baselineUnix.row(baselineUnix));
    table.row(unixOurs.row(baselineUnix));
    table.row(baselineTcp.row(baselineTcp));
    table.row(tcpOurs.row(baselineTcp));
    out.println();
    out.println("Heap allocated for a GiB, by both ends, KiB: UNIX socket " + unixOurs.allocated().describe(0)
        + ", TCP "
        + tcpOurs.allocated().describe(0));
  }

  @Override
  public void close() {
    arena.close();
  }
}
