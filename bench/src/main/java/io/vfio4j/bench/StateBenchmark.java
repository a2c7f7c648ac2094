// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** The state of a device: read by our client and the C client, and migrated. */
final class StateBenchmark {

  private final Samples cToC = new Samples();
  private final Samples javaToC = new Samples();
  private final Samples cToJava = new Samples();
  private final Samples javaToJava = new Samples();
  private final Samples clientAllocated = new Samples();
  private final Samples serverAllocated = new Samples();
  private final Samples migration = new Samples();

  private StateBenchmark() {
  }

  /**
   * Runs the benchmark.
   *
   * @param one one of our servers
   * @param other another one with as much memory
   */
  static StateBenchmark run(BaselinePrograms baseline, ServerProcess one, ServerProcess other,
      ServerProcess inC, long memory, int rounds) throws IOException, InterruptedException {
    StateBenchmark samples = new StateBenchmark();
    try (VfioUserClient client = BenchClients.connect(one)) {
      StateCopyClient.fill(client, memory);
    }
    for (int round = 0; round < rounds; round++) {
      samples.cToC.add(baseline.copy(inC.socket()).gibPerSecond());
      samples.copyWithOurs(one, inC);
      samples.cToJava.add(baseline.copy(one.socket()).gibPerSecond());
      samples.migrate(one, other);
    }
    return samples;
  }

  private void copyWithOurs(ServerProcess ours, ServerProcess inC) throws IOException {
    try (VfioUserClient client = BenchClients.connect(ours);
        StateCopyClient copy = new StateCopyClient(client)) {
      long serverBefore = ours.allocated();
      long clientBefore = ThreadAllocation.ofThisThread();
      TimedTransfer copied = copy.readAll();
      double messages = (double) copied.bytes() / StateCopyClient.CHUNK_BYTES;
      clientAllocated.add((ThreadAllocation.ofThisThread() - clientBefore) / messages);
      serverAllocated.add((ours.allocated() - serverBefore) / messages);
      javaToJava.add(copied.gibPerSecond());
    }
    try (VfioUserClient client = BenchClients.connect(inC);
        StateCopyClient copy = new StateCopyClient(client)) {
      javaToC.add(copy.readAll().gibPerSecond());
    }
  }

  /** Migrates there and back. Only the first is counted, so that each round has one sample of everything. */
  private void migrate(ServerProcess one, ServerProcess other) throws IOException {
    try (VfioUserClient source = BenchClients.connect(one);
        VfioUserClient target = BenchClients.connect(other)) {
      DeviceMigrations migrations = new DeviceMigrations(source, target);
      migration.add(migrations.measure().gibPerSecond());
      migrations.measure();
    } catch (MigrationException e) {
      throw new IOException(e);
    }
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "State of a device, GiB/s", List.of("", "GiB/s", ": C"));
    table.row(List.of("C client, C server", cToC.describe(2), "1"));
    table.row(List.of("our client, C server", javaToC.describe(2), javaToC.dividedBy(cToC).describe(2)));
    table.row(List.of("C client, our server", cToJava.describe(2), cToJava.dividedBy(cToC).describe(2)));
    table.row(
        List.of("our client, our server", javaToJava.describe(2), javaToJava.dividedBy(cToC).describe(2)));
    table.row(List.of("migration, end to end", migration.describe(2), migration.dividedBy(cToC).describe(2)));
    out.println();
    out.println(
        "Heap allocated for a piece of the state, bytes: client " + clientAllocated.describe(1) + ", server "
            + serverAllocated.describe(1));
  }
}
