// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.testkit.ProcessUsage;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repeated migrations between two servers leak nothing. {@code mvn verify} runs fifty; {@code -Psoak} runs a thousand and
 * prints the figures.
 */
class SoakIT {

  private static final int MIGRATIONS = Integer.getInteger("vfio4j.soak.migrations", 50);
  private static final long ALLOWED_KIB = 64 << 10;
  private static final MigrationOptions OPTIONS =
      MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(10));

  @TempDir
  private Path folder;

  @Test
  @Timeout(1800)
  void leaksNothingOverRepeatedMigrations() throws Exception {
    try (ChildServer here = serve("a");
        ChildServer there = serve("b");
        VfioUserClient a = VfioUserClient.connect(here.socket(), ClientOptions.DEFAULT);
        VfioUserClient b = VfioUserClient.connect(there.socket(), ClientOptions.DEFAULT)) {
      Map<String, Long> processes = new LinkedHashMap<>();
      processes.put("server a", here.pid());
      processes.put("server b", there.pid());
      processes.put("driver", ProcessHandle.current().pid());
      int warmUp = Math.max(10, MIGRATIONS / 10);
      migrate(a, b, 0, warmUp);
      Map<String, ProcessUsage> before = figures(processes, warmUp);
      migrate(a, b, warmUp, MIGRATIONS);
      Map<String, ProcessUsage> after = figures(processes, MIGRATIONS);
      before.forEach((name, earlier) -> {
        ProcessUsage later = Objects.requireNonNull(after.get(name));
        assertThat(later.fds()).as("descriptors of %s", name).isLessThanOrEqualTo(earlier.fds());
        assertThat(later.threads()).as("threads of %s", name).isLessThanOrEqualTo(earlier.threads());
        assertThat(later.residentKiB()).as("resident memory of %s", name)
            .isLessThan(earlier.residentKiB() + ALLOWED_KIB);
      });
    }
  }

  private static void migrate(VfioUserClient a, VfioUserClient b, int first, int last) throws Exception {
    for (int i = first; i < last; i++) {
      VfioUserClient from = i % 2 == 0 ? a : b;
      VfioUserClient to = i % 2 == 0 ? b : a;
      // The former source is in STOP.
      to.reset();
      LocalMigration.run(from, to, OPTIONS, Workload.NONE, MigrationListener.NONE);
    }
  }

  private static Map<String, ProcessUsage> figures(Map<String, Long> processes, int migrations)
      throws IOException {
    Map<String, ProcessUsage> figures = new LinkedHashMap<>();
    for (Map.Entry<String, Long> process : processes.entrySet()) {
      ProcessUsage now = ProcessUsage.of(process.getValue());
      figures.put(process.getKey(), now);
      System.out.printf("after %d migrations: %-8s %3d fds, %3d threads, %6d KiB resident%n", migrations,
          process.getKey(), now.fds(), now.threads(), now.residentKiB());
    }
    return figures;
  }

  private ChildServer serve(String name) throws IOException, InterruptedException {
    return ChildServer
        .start(List.of("serve", "scratch", "--socket", folder.resolve(name + ".sock").toString(),
            "--memory", "1m"));
  }
}
