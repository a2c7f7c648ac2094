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

/** Memory over the sockets of one machine: by a channel of a migration, and in C with nothing around it. */
final class MemoryRounds implements AutoCloseable {

  /** Bytes of a write and of a read in C. */
  private static final int PIECE = 1 << 20;

  private static final TransportAddress TCP = new TransportAddress.Tcp("127.0.0.1", 0);

  private static final double GIB = 1L << 30;

  /** What was measured of one way. */
  private record Way(String name, Samples rate, Samples perProcessor, Samples allocated) {

    Way(String name) {
      this(name, new Samples(), new Samples(), new Samples());
    }

    void add(long bytes, MemoryChannel.Cost cost) {
      rate.add(bytes / GIB / (cost.nanos() / 1e9));
      perProcessor.add(bytes / GIB / (cost.processorNanos() / 1e9));
      allocated.add(cost.allocated() / 1024.0 / (bytes / GIB));
    }

    List<String> row(Way raw) {
      return List.of(name, rate.describe(2), rate.dividedBy(raw.rate).describe(2), perProcessor.describe(2),
          perProcessor.dividedBy(raw.perProcessor).describe(2));
    }

    void forget() {
      rate.forget();
      perProcessor.forget();
      allocated.forget();
    }
  }

  private final Baseline baseline;
  private final long bytes;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment source;
  private final MemorySegment target;
  private final TransportAddress unix;
  private final int frame;
  private final Way copyInC = new Way("memcpy");
  private final Way unixInC = new Way("UNIX socket, C");
  private final Way unixOurs = new Way("UNIX socket, ours");
  private final Way tcpInC = new Way("TCP, C");
  private final Way tcpOurs = new Way("TCP, ours");

  /**
   * Prepares both ends.
   *
   * @param socket where the UNIX socket may be
   * @param bytes how much memory
   * @param frame bytes of the longest frame
   */
  MemoryRounds(Baseline baseline, Path socket, long bytes, int frame) {
    this.baseline = baseline;
    this.bytes = bytes;
    source = arena.allocate(bytes, 4096).fill((byte) 0x5a);
    target = arena.allocate(bytes, 4096).fill((byte) 1);
    this.unix = new TransportAddress.Unix(socket);
    this.frame = frame;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      copyInC.add(bytes, baseline.copyMemory(bytes));
      unixInC.add(bytes, baseline.moveMemory("unix", bytes, PIECE));
      unixOurs.add(bytes, send(unix));
      tcpInC.add(bytes, baseline.moveMemory("tcp", bytes, PIECE));
      tcpOurs.add(bytes, send(TCP));
    }
  }

  /** Over a new connection, as in C: the kernel adapts what it keeps for one to what it was used for. */
  private MemoryChannel.Cost send(TransportAddress address) throws IOException, InterruptedException {
    MemoryChannel.Cost cost;
    try (MemoryChannel pipe = new MemoryChannel(ConnectedPair.inTheClear(address), source, target, frame)) {
      cost = pipe.sendAll();
    }
    if (source.mismatch(target) >= 0) {
      throw new IllegalStateException("the memory is not the same on both sides");
    }
    target.fill((byte) 1);
    return cost;
  }

  /** Drops what was measured so far. */
  void forget() {
    List.of(copyInC, unixInC, unixOurs, tcpInC, tcpOurs).forEach(Way::forget);
  }

  void print(PrintStream out) {
    Table table = new Table(out, "Memory, moved within one machine",
        List.of("", "GiB/s", ": C", "GiB a second of processor", ": C"));
    table.row(copyInC.row(copyInC));
    table.row(unixInC.row(unixInC));
    table.row(unixOurs.row(unixInC));
    table.row(tcpInC.row(tcpInC));
    table.row(tcpOurs.row(tcpInC));
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
