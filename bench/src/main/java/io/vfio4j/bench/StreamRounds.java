// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** MIG_DATA_READ and MIG_DATA_WRITE in pieces of two sizes, with clients and servers of both kinds. */
final class StreamRounds {

  /** Pieces, bytes. */
  private static final List<Integer> PIECES = List.of(64 << 10, StateCopy.PIECE);

  private static final List<String> PAIRS =
      List.of("C client, C server", "our client, C server", "C client, our server", "our client, our server");

  private final Baseline baseline;
  private final ServerProcess ours;
  private final ServerProcess inC;
  private final long memory;
  /** By pair, then by size of pieces, reading before writing. */
  private final List<List<Samples>> samples;

  StreamRounds(Baseline baseline, ServerProcess ours, ServerProcess inC, long memory) {
    this.baseline = baseline;
    this.ours = ours;
    this.inC = inC;
    this.memory = memory;
    this.samples = PAIRS.stream().map(pair -> PIECES.stream()
        .flatMap(piece -> List.of(new Samples(), new Samples()).stream()).toList()).toList();
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      withC(inC, samples.get(0));
      withOurs(inC, samples.get(1));
      withC(ours, samples.get(2));
      withOurs(ours, samples.get(3));
    }
  }

  private void withC(ServerProcess server, List<Samples> into) throws InterruptedException {
    for (int i = 0; i < PIECES.size(); i++) {
      long[] rates = baseline.stream(server.socket(), PIECES.get(i));
      into.get(2 * i).add(rates[0] / (double) (1L << 30));
      into.get(2 * i + 1).add(rates[1] / (double) (1L << 30));
    }
  }

  private void withOurs(ServerProcess server, List<Samples> into) throws IOException {
    try (VfioUserClient client = Clients.connect(server);
        // A state of ours is somewhat longer than the memory in it.
        StateStream stream = new StateStream(client, memory + memory / 64 + StateCopy.PIECE)) {
      for (int i = 0; i < PIECES.size(); i++) {
        into.get(2 * i).add(stream.read(PIECES.get(i)).gibPerSecond());
        into.get(2 * i + 1).add(stream.write(PIECES.get(i)).gibPerSecond());
      }
    }
  }

  void print(PrintStream out) {
    List<String> columns = new ArrayList<>(List.of(""));
    for (int piece : PIECES) {
      columns.addAll(
          List.of("read, " + (piece >> 10) + " KiB", ": C", "write, " + (piece >> 10) + " KiB", ": C"));
    }
    Table table = new Table(out, "State of a device in pieces, GiB/s", columns);
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
