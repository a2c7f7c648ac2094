// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.simulation.RoundTrace;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A real migration of active devices and of memory with a writing workload, with a bandwidth limit so that it takes
 * several rounds.
 *
 * @param folder the folder of the servers' sockets
 * @param bandwidth limit, bytes per second
 */
record RecordedMigration(Path folder, long bandwidth) {

  private static final int DEVICES = 2;
  private static final long DEVICE_MEMORY = 24L << 20;
  private static final int CHURN = 750;
  private static final long MEMORY = 96L << 20;
  private static final long WORKING_SET = 48L << 20;
  private static final int WRITES = 5_000;
  private static final Duration MAX_DOWNTIME = Duration.ofMillis(100);

  /** Runs the migration and returns the trace of its rounds. */
  RoundTrace run() throws IOException, MigrationException {
    List<ServerProcess> servers = new ArrayList<>();
    List<VfioUserClient> clients = new ArrayList<>();
    try (BenchMemory before = new BenchMemory(MEMORY); BenchMemory after = new BenchMemory(MEMORY);
        RandomWriter writer = RandomWriter.start(before.memory(), BenchMemory.IOVA, WORKING_SET, WRITES)) {
      before.memory().fill((byte) 0x5a);
      for (int i = 0; i < 2 * DEVICES; i++) {
        servers.add(ServerProcess.ours(folder.resolve("device" + i), DEVICE_MEMORY));
        VfioUserClient client = BenchClients.connect(servers.getLast());
        clients.add(client);
        (i < DEVICES ? before : after).mapInto(client);
      }
      List<VfioUserClient> source = clients.subList(0, DEVICES);
      for (VfioUserClient client : source) {
        StateCopyClient.fill(client, DEVICE_MEMORY);
        client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.CHURN_RATE, CHURN);
      }
      return migrate(DeviceSet.of(source).withMemory(before.regions()),
          DeviceSet.of(clients.subList(DEVICES, 2 * DEVICES)).withMemory(after.regions()), writer);
    } finally {
      close(clients, servers);
    }
  }

  private RoundTrace migrate(DeviceSet source, DeviceSet target, RandomWriter writer)
      throws MigrationException {
    MigrationOptions options = MigrationOptions.defaults().withMaxBandwidth(bandwidth)
        .withMaxDowntime(MAX_DOWNTIME)
        .withPolicy(new DowntimePolicy(Duration.ofSeconds(30), WhenNotConverging.FORCE));
    List<RoundTrace.Round> rounds = new ArrayList<>();
    LocalMigration.run(source, target, options, writer, event -> {
      if (event instanceof MigrationEvent.RoundEnd ended) {
        rounds.add(round(ended));
      }
    });
    return new RoundTrace(rounds);
  }

  private static RoundTrace.Round round(MigrationEvent.RoundEnd ended) {
    MigrationReport.Round round = ended.round();
    return new RoundTrace.Round(round.number(), ended.at(), round.duration(), round.deviceBytes(),
        round.memoryBytes(), round.deviceBytesLeft(), round.memoryBytesLeft(), round.bytesPerSecond(),
        ended.predictedDowntime().orElseThrow());
  }

  private static void close(List<VfioUserClient> clients, List<ServerProcess> servers) throws IOException {
    for (VfioUserClient client : clients) {
      client.close();
    }
    for (ServerProcess server : servers) {
      server.close();
    }
  }
}
