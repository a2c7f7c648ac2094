// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** Pairs of DMA_MAP and DMA_UNMAP, beside one other mapping and beside many, with each combination of ends. */
final class DmaMapBenchmark {

  /** Many mappings, as with a guest that has a virtual IOMMU. */
  static final int MANY = 8_000;

  /** A combination of client and server. */
  private static final class Pairing {

    private final String name;
    private final Samples few = new Samples();
    private final Samples many = new Samples();

    Pairing(String name) {
      this.name = name;
    }

    List<String> row(Pairing against) {
      return List.of(name, few.describe(0), many.describe(0), few.dividedBy(many).describe(2),
          few.dividedBy(against.few).describe(2), many.dividedBy(against.many).describe(2));
    }
  }

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final int pairs;
  private final int warmUp;
  private final Pairing cToC = new Pairing("C client, C server");
  private final Pairing javaToC = new Pairing("our client, C server");
  private final Pairing cToJava = new Pairing("C client, our server");
  private final Pairing javaToJava = new Pairing("our client, our server");

  DmaMapBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, int pairs, int warmUp) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.pairs = pairs;
    this.warmUp = warmUp;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      for (int live : new int[] {1, MANY}) {
        add(cToC, live, measureBaselineClient(baselineServer, live));
        add(javaToJava, live, measureOurClient(ours, live));
        add(javaToC, live, measureOurClient(baselineServer, live));
        add(cToJava, live, measureBaselineClient(ours, live));
      }
    }
  }

  private static void add(Pairing pairing, int live, double pairsPerSecond) {
    (live == 1 ? pairing.few : pairing.many).add(pairsPerSecond);
  }

  private double measureBaselineClient(ServerProcess server, int live) throws InterruptedException {
    return baseline.map(server.socket(), live, warmUp, pairs);
  }

  private double measureOurClient(ServerProcess server, int live) throws IOException {
    try (DmaMapClient maps = new DmaMapClient(BenchClients.connect(server), live)) {
      return maps.pairsPerSecond(warmUp, pairs);
    }
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Pairs of DMA_MAP and DMA_UNMAP of a page, a second",
        List.of("", "beside 1", "beside 8,000", "cost at 8,000 : at 1", "beside 1 : C", "beside 8,000 : C"));
    for (Pairing pairing : List.of(cToC, javaToC, cToJava, javaToJava)) {
      table.row(pairing.row(cToC));
    }
  }
}
