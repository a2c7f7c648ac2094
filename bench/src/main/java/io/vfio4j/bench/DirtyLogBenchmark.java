// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.pages.DirtyLogRounds;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * A round over the dirty log of 64 GiB, with one pending page and no new one: the log is read from a device in
 * another process, merged with the pending pages, and counted. The C client only reads the log.
 */
final class DirtyLogBenchmark {

  private static final long BYTES = 64L << 30;
  private static final int REGISTERS_BAR = 0;
  private static final int MARK_DIRTY = 0x100;
  private static final long PAGE = 4096;

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final int count;
  private final Samples baselineMillis = new Samples();
  private final Samples millis = new Samples();
  private final Samples allocated = new Samples();

  DirtyLogBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, int count) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.count = count;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      baselineMillis.add(baseline.report(baselineServer.socket(), BYTES, count)[0] / 1e6);
      measureOurs();
    }
  }

  private void measureOurs() throws IOException {
    int[] took = new int[count];
    long before = ThreadAllocation.ofThisThread();
    try (Arena arena = Arena.ofConfined(); Fd file = Memfd.create("guest", BYTES);
        VfioUserClient client = BenchClients.connect(ours)) {
      client.dma().map(new IovaRange(0, BYTES), file, 0, true);
      try (DirtyLogRounds logs = new DirtyLogRounds(client, MemoryMap.shared(file, 0, BYTES, true, arena))) {
        client.writeLong(REGISTERS_BAR, MARK_DIRTY, PAGE);
        for (int i = 0; i < count; i++) {
          long began = System.nanoTime();
          long pending = logs.round();
          took[i] = (int) (System.nanoTime() - began);
          if (pending != 1) {
            throw new IllegalStateException(pending + " pages are pending instead of 1");
          }
        }
      }
    }
    millis.add(Latency.of(took).p50() / 1e6);
    allocated.add((ThreadAllocation.ofThisThread() - before) / (double) count);
  }

  void print(PrintStream out) {
    MarkdownTable table =
        new MarkdownTable(out, "Round over a clean log of 64 GiB, milliseconds", List.of("", "ms", ": C"));
    table.row(List.of("C client, C server: the report alone", baselineMillis.describe(2), "1"));
    table.row(List.of("ours: report, joined and counted", millis.describe(2),
        millis.dividedBy(baselineMillis).describe(2)));
    out.println();
    out.println(
        "Heap allocated for a round, with its share of the connection, bytes: " + allocated.describe(0));
  }
}
