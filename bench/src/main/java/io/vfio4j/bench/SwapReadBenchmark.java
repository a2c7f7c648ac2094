// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Round trips of REGION_READ at a server without a control socket, with one, with a control client connected, and after a
 * swap, over the connection that was passed on.
 */
final class SwapReadBenchmark {

  private static final long MEMORY = 1 << 20;

  private final Path folder;
  private final int reads;
  private final int warmUp;
  private final LatencyRow plain = new LatencyRow("without a control socket");
  private final LatencyRow before = new LatencyRow("with a control socket");
  private final LatencyRow controlled = new LatencyRow("with a control client connected");
  private final LatencyRow after = new LatencyRow("after a swap, at the new server");

  SwapReadBenchmark(Path folder, int reads, int warmUp) {
    this.folder = folder;
    this.reads = reads;
    this.warmUp = warmUp;
  }

  /**
   * Runs the rounds; in each, the device is swapped once.
   *
   * @param warmUpRounds rounds that do not count
   */
  void run(int warmUpRounds, int rounds) throws IOException, InterruptedException {
    try (SwapServer without = SwapServer.startPlain(folder.resolve("plain"), MEMORY);
        SwapPair pair = new SwapPair(folder, MEMORY);
        VfioUserClient reference = BenchClients.connect(without.process());
        VfioUserClient vmm = BenchClients.connect(pair.current().process())) {
      for (int round = -warmUpRounds; round < rounds; round++) {
        Latency atPlain = measure(reference);
        Latency beforeSwap = measure(vmm);
        Latency withClient = measureWithControlClient(vmm, pair);
        pair.swap();
        Latency afterSwap = measure(vmm);
        if (round >= 0) {
          plain.add(atPlain);
          before.add(beforeSwap);
          controlled.add(withClient);
          after.add(afterSwap);
        }
      }
    }
  }

  private Latency measureWithControlClient(VfioUserClient vmm, SwapPair pair) throws IOException {
    try (ControlClient _ = ControlClient.connect(pair.current().control(), ClientOptions.DEFAULT)) {
      return measure(vmm);
    }
  }

  private Latency measure(VfioUserClient client) throws IOException {
    return RegionReadClient.measure(client, warmUp, reads);
  }

  void print(PrintStream out) {
    MarkdownTable table =
        new MarkdownTable(out, "Round trip of a 4-byte REGION_READ around swaps, nanoseconds",
            List.of("", "p50", "p99", "p50 : without", "p99 : without"));
    for (LatencyRow row : List.of(plain, before, controlled, after)) {
      table.row(row.cells(plain));
    }
  }
}
