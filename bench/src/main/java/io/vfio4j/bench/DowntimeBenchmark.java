// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Compares the downtime of migrations with its prediction; each migration has its own processes. */
final class DowntimeBenchmark {

  private static final long DEVICE_MEMORY = 32L << 20;
  private static final int CHURN = 500;
  private static final long MEMORY = 256L << 20;
  private static final long WORKING_SET = 16L << 20;
  private static final int WRITES = 2_000;
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /** Predictions of shorter downtimes are ignored, because noise dominates them. */
  private static final double MIN_MILLIS = 10;

  /** The permitted deviation of a prediction, as a factor. */
  private static final double MAX_DEVIATION = 1.5;

  /**
   * What is migrated.
   *
   * @param devices the number of devices, all active
   * @param withMemory whether memory with a writing workload is migrated too
   */
  private record MigrationSetup(String name, int devices, boolean withMemory) {
  }

  private static final List<MigrationSetup> SETUPS = List.of(new MigrationSetup("1 device", 1, false),
      new MigrationSetup("4 devices", 4, false), new MigrationSetup("1 device and memory", 1, true),
      new MigrationSetup("4 devices and memory", 4, true));

  private final Path folder;
  private final int rounds;
  private final MarkdownTable table;

  DowntimeBenchmark(Path folder, int rounds, PrintStream out) {
    this.folder = folder;
    this.rounds = rounds;
    table = new MarkdownTable(out, "Downtime and its prediction, ms",
        List.of("", "downtime", "predicted", "downtime : predicted",
            "of runs over 10 ms within a factor of 1.5"));
  }

  /** Runs all migrations. */
  void run() throws IOException, MigrationException {
    for (MigrationSetup cargo : SETUPS) {
      Samples actual = new Samples();
      Samples predicted = new Samples();
      int judged = 0;
      int close = 0;
      for (int round = 0; round < rounds; round++) {
        MigrationReport report = migrate(cargo);
        double took = millis(report.downtime());
        double foreseen = millis(report.predictedDowntime().orElseThrow());
        actual.add(took);
        predicted.add(foreseen);
        if (took > MIN_MILLIS) {
          judged++;
          close += Math.max(took / foreseen, foreseen / took) <= MAX_DEVIATION ? 1 : 0;
        }
      }
      table.row(List.of(cargo.name(), actual.describe(1), predicted.describe(1),
          actual.dividedBy(predicted).describe(2), String.format(Locale.ROOT, "%d of %d", close, judged)));
    }
  }

  private static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }

  private MigrationReport migrate(MigrationSetup cargo) throws IOException, MigrationException {
    List<ServerProcess> servers = new ArrayList<>();
    List<VfioUserClient> clients = new ArrayList<>();
    try (BenchMemory before = new BenchMemory(MEMORY); BenchMemory after = new BenchMemory(MEMORY);
        RandomWriter writer = RandomWriter.start(before.memory(), BenchMemory.IOVA, WORKING_SET, WRITES)) {
      before.memory().fill((byte) 0x5a);
      for (int i = 0; i < 2 * cargo.devices(); i++) {
        servers.add(ServerProcess.ours(folder.resolve("device" + i), DEVICE_MEMORY));
        clients.add(BenchClients.connect(servers.getLast()));
        (i < cargo.devices() ? before : after).mapInto(clients.getLast());
      }
      List<VfioUserClient> source = clients.subList(0, cargo.devices());
      for (VfioUserClient client : source) {
        StateCopyClient.fill(client, DEVICE_MEMORY);
        client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.CHURN_RATE, CHURN);
      }
      DeviceSet from = DeviceSet.of(source);
      DeviceSet to = DeviceSet.of(clients.subList(cargo.devices(), clients.size()));
      return LocalMigration.run(cargo.withMemory() ? from.withMemory(before.regions()) : from,
          cargo.withMemory() ? to.withMemory(after.regions()) : to, options(),
          cargo.withMemory() ? writer : Workload.NONE, MigrationListener.NONE);
    } finally {
      for (VfioUserClient client : clients) {
        client.close();
      }
      for (ServerProcess server : servers) {
        server.close();
      }
    }
  }

  private static MigrationOptions options() {
    return MigrationOptions.defaults().withMaxDowntime(LIMIT).withMaxQuiesce(LIMIT)
        .withPolicy(new DowntimePolicy(Duration.ofSeconds(30), WhenNotConverging.FORCE));
  }
}
