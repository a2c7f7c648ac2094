// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.dma.DirtyLog;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Dirty reports of 16 GiB in pages of 4 KiB: the log alone, and over a connection, with each combination of ends.
 */
final class DirtyReportBenchmark {

  private static final long BYTES = 16L << 30;
  private static final int PAGE = 4096;

  /** The microseconds of a report for one combination of client and server. */
  private record Pairing(String name, Samples clean, Samples dirty) {

    Pairing(String name) {
      this(name, new Samples(), new Samples());
    }

    void addNanos(double cleanNanos, double dirtyNanos) {
      clean.add(cleanNanos / 1e3);
      dirty.add(dirtyNanos / 1e3);
    }

    List<String> row(Pairing against) {
      return List.of(name, clean.describe(0), dirty.describe(0), clean.dividedBy(against.clean).describe(2),
          dirty.dividedBy(against.dirty).describe(2));
    }
  }

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final int reports;
  private final Pairing cToC = new Pairing("C client, C server");
  private final Pairing javaToC = new Pairing("our client, C server");
  private final Pairing cToJava = new Pairing("C client, our server");
  private final Pairing javaToJava = new Pairing("our client, our server");
  private final Pairing alone = new Pairing("our log alone, without a connection");

  DirtyReportBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, int reports) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.reports = reports;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      measureBaselineClient(baselineServer, cToC);
      measureOurClient(ours, javaToJava);
      measureOurClient(baselineServer, javaToC);
      measureBaselineClient(ours, cToJava);
      measureLogAlone();
    }
  }

  private void measureBaselineClient(ServerProcess server, Pairing pairing) throws InterruptedException {
    long[] nanos = baseline.report(server.socket(), BYTES, reports);
    pairing.addNanos((double) nanos[0], (double) nanos[1]);
  }

  private void measureOurClient(ServerProcess server, Pairing pairing) throws IOException {
    int[] clean = new int[reports];
    int[] dirty = new int[reports];
    try (DirtyReportClient connection = new DirtyReportClient(BenchClients.connect(server), BYTES)) {
      for (int i = 0; i < reports; i++) {
        dirty[i] = connection.reportAllDirty();
        clean[i] = connection.reportClean();
      }
    }
    pairing.addNanos(Latency.of(clean).p50(), Latency.of(dirty).p50());
  }

  private void measureLogAlone() throws IOException {
    DirtyLog log = new DirtyLog();
    int[] clean = new int[reports];
    int[] dirty = new int[reports];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(BYTES / PAGE / Byte.SIZE, 8);
      log.start(List.<long[]>of(new long[] {0, BYTES}), PAGE);
      for (int i = 0; i < reports; i++) {
        log.mark(0, BYTES);
        dirty[i] = nanos(log, bitmap);
        clean[i] = nanos(log, bitmap);
      }
    } catch (ErrnoException e) {
      throw new IOException(e);
    }
    alone.addNanos(Latency.of(clean).p50(), Latency.of(dirty).p50());
  }

  private static int nanos(DirtyLog log, MemorySegment bitmap) throws ErrnoException {
    long began = System.nanoTime();
    log.report(0, BYTES, PAGE, bitmap);
    return (int) (System.nanoTime() - began);
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Dirty report of 16 GiB in pages of 4 KiB, microseconds",
        List.of("", "nothing dirty", "all dirty", "nothing : C", "all : C"));
    for (Pairing pairing : List.of(cToC, javaToC, cToJava, javaToJava, alone)) {
      table.row(pairing.row(cToC));
    }
  }
}
