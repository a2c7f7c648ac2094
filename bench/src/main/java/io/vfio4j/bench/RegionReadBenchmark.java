// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** Round trips of REGION_READ, with each combination of client and server. */
final class RegionReadBenchmark {

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final int reads;
  private final int warmUp;
  private final LatencyRow cToC = new LatencyRow("C client, C server");
  private final LatencyRow javaToC = new LatencyRow("our client, C server");
  private final LatencyRow cToJava = new LatencyRow("C client, our server");
  private final LatencyRow javaToJava = new LatencyRow("our client, our server");
  private final Samples clientAllocated = new Samples();
  private final Samples serverAllocated = new Samples();

  RegionReadBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, int reads,
      int warmUp) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.reads = reads;
    this.warmUp = warmUp;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      cToC.add(baseline.read(baselineServer.socket(), warmUp, reads));
      javaToJava.add(measureOurServer());
      javaToC.add(measureOurClient(baselineServer));
      cToJava.add(baseline.read(ours.socket(), warmUp, reads));
    }
  }

  private Latency measureOurClient(ServerProcess server) throws IOException {
    try (VfioUserClient client = BenchClients.connect(server)) {
      return RegionReadClient.measure(client, warmUp, reads);
    }
  }

  private Latency measureOurServer() throws IOException {
    try (VfioUserClient client = BenchClients.connect(ours)) {
      RegionReadClient.measure(client, warmUp, 1);
      long serverBefore = ours.allocated();
      long clientBefore = ThreadAllocation.ofThisThread();
      Latency latency = RegionReadClient.measure(client, 0, reads);
      clientAllocated.add((double) (ThreadAllocation.ofThisThread() - clientBefore) / reads);
      serverAllocated.add((double) (ours.allocated() - serverBefore) / reads);
      return latency;
    }
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Round trip of a 4-byte REGION_READ, nanoseconds",
        List.of("", "p50", "p99", "p50 : C", "p99 : C"));
    for (LatencyRow pairing : List.of(cToC, javaToC, cToJava, javaToJava)) {
      table.row(pairing.cells(cToC));
    }
    out.println();
    out.println("Heap allocated for a round trip, bytes: client " + clientAllocated.describe(1) + ", server "
        + serverAllocated.describe(1));
  }
}
