// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** Posted writes of 4 bytes, with each combination of client and server. */
final class PostedWriteBenchmark {

  private static final int WARM_UP = 20_000;

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final int posts;
  private final Samples cToC = new Samples();
  private final Samples javaToC = new Samples();
  private final Samples cToJava = new Samples();
  private final Samples javaToJava = new Samples();
  private final Samples batched = new Samples();
  private final Samples clientAllocated = new Samples();
  private final Samples serverAllocated = new Samples();

  PostedWriteBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, int posts) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.posts = posts;
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      cToC.add(baseline.post(baselineServer.socket(), WARM_UP, posts));
      postToOurs();
      try (VfioUserClient client = BenchClients.connect(baselineServer)) {
        javaToC.add(RegionPostClient.measure(client, WARM_UP, posts));
      }
      cToJava.add(baseline.post(ours.socket(), WARM_UP, posts));
    }
  }

  private void postToOurs() throws IOException {
    try (VfioUserClient client = BenchClients.connect(ours)) {
      RegionPostClient.measure(client, WARM_UP, 1);
      long serverBefore = ours.allocated();
      long clientBefore = ThreadAllocation.ofThisThread();
      javaToJava.add(RegionPostClient.measure(client, 0, posts));
      clientAllocated.add((double) (ThreadAllocation.ofThisThread() - clientBefore) / posts);
      serverAllocated.add((double) (ours.allocated() - serverBefore) / posts);
      batched.add(RegionPostClient.measureBatched(client, posts));
    }
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Posted 4-byte REGION_WRITEs, millions a second",
        List.of("", "millions a second", ": C"));
    row(table, "C client, C server", cToC);
    row(table, "our client, C server", javaToC);
    row(table, "C client, our server", cToJava);
    row(table, "our client, our server", javaToJava);
    row(table, "our client, our server, 200 in a REGION_WRITE_MULTI", batched);
    out.println();
    out.println(
        "Heap allocated for a posted write, bytes: client " + clientAllocated.describe(1) + ", server "
            + serverAllocated.describe(1));
  }

  private void row(MarkdownTable table, String name, Samples samples) {
    table.row(List.of(name, samples.describe(2), samples.dividedBy(cToC).describe(2)));
  }
}
