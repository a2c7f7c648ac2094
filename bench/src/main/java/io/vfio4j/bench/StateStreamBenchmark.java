// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** MIG_DATA_READ and MIG_DATA_WRITE in pieces of two sizes, with each combination of client and server. */
final class StateStreamBenchmark {

  /** Sizes of pieces, bytes. */
  private static final List<Integer> CHUNK_SIZES = List.of(64 << 10, StateCopyClient.CHUNK_BYTES);

  private static final List<String> PAIRS =
      List.of("C client, C server", "our client, C server", "C client, our server", "our client, our server");

  private final BaselinePrograms baseline;
  private final ServerProcess ours;
  private final ServerProcess baselineServer;
  private final long memory;
  /** Indexed by combination, then by size of pieces, reading before writing. */
  private final List<List<Samples>> samples;

  StateStreamBenchmark(BaselinePrograms baseline, ServerProcess ours, ServerProcess inC, long memory) {
    this.baseline = baseline;
    this.ours = ours;
    this.baselineServer = inC;
    this.memory = memory;
    this.samples = PAIRS.stream().map(pair -> CHUNK_SIZES.stream()
        .flatMap(piece -> List.of(new Samples(), new Samples()).stream()).toList()).toList();
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      measureBaselineClient(baselineServer, samples.get(0));
      measureOurClient(baselineServer, samples.get(1));
      measureBaselineClient(ours, samples.get(2));
      measureOurClient(ours, samples.get(3));
    }
  }

  private void measureBaselineClient(ServerProcess server, List<Samples> into) throws InterruptedException {
    for (int i = 0; i < CHUNK_SIZES.size(); i++) {
      long[] rates = baseline.stream(server.socket(), CHUNK_SIZES.get(i));
      into.get(2 * i).add(rates[0] / (double) (1L << 30));
      into.get(2 * i + 1).add(rates[1] / (double) (1L << 30));
    }
  }

  private void measureOurClient(ServerProcess server, List<Samples> into) throws IOException {
    try (VfioUserClient client = BenchClients.connect(server);
        // Our state is slightly longer than the memory in it.
        StateStreamClient stream =
            new StateStreamClient(client, memory + memory / 64 + StateCopyClient.CHUNK_BYTES)) {
      for (int i = 0; i < CHUNK_SIZES.size(); i++) {
        into.get(2 * i).add(stream.read(CHUNK_SIZES.get(i)).gibPerSecond());
        into.get(2 * i + 1).add(stream.write(CHUNK_SIZES.get(i)).gibPerSecond());
      }
    }
  }

  void print(PrintStream out) {
    List<String> columns = new ArrayList<>(List.of(""));
    for (int piece : CHUNK_SIZES) {
      columns.addAll(
          List.of("read, " + (piece >> 10) + " KiB", ": C", "write, " + (piece >> 10) + " KiB", ": C"));
    }
    MarkdownTable table = new MarkdownTable(out, "State of a device in pieces, GiB/s", columns);
    for (int pair = 0; pair < PAIRS.size(); pair++) {
      List<String> cells = new ArrayList<>(List.of(PAIRS.get(pair)));
      for (int column = 0; column < samples.get(pair).size(); column++) {
        Samples measured = samples.get(pair).get(column);
        cells.add(measured.describe(2));
        cells.add(measured.dividedBy(samples.getFirst().get(column)).describe(2));
      }
      table.row(cells);
    }
  }
}
