// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.LocalMigration;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Moves a device with live traffic from one process to another, and proves that nothing was lost. */
final class Demo {

  private final DemoSettings settings;
  private final MigrationListener listener;

  Demo(DemoSettings settings, MigrationListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Runs it, from the start of the servers to their end.
   *
   * @param servers starts them
   * @throws MigrationException if the device could not be moved
   * @throws IOException if something else failed
   */
  DemoResult run(DemoServers servers) throws IOException, MigrationException {
    try (DemoVm vm = new DemoVm(servers.source()); DrivenDevice target = vm.connect(servers.target())) {
      vm.startWork(settings.trafficRate(), settings.churnRate());
      for (int attempt = 1;; attempt++) {
        Observer observer = vm.observe(listener);
        try {
          MigrationReport report = LocalMigration.run(vm.source().client(), target.client(), settings.options(),
              Workload.NONE, observer);
          Proof proof = new Proof(vm, target, observer, settings.memory());
          long writes = proof.run();
          return new DemoResult(report, attempt, writes, loaded(), proof.checks());
        } catch (MigrationException e) {
          // On a busy machine the limit of the downtime may be missed; the source runs on, so it can be tried again.
          if (e.outcome() != Outcome.SOURCE_RUNNING || attempt == settings.attempts()) {
            throw e;
          }
        }
      }
    }
  }

  private long loaded() throws IOException {
    Path file = settings.load().orElse(null);
    return file == null ? 0 : Math.min(settings.memory(), Files.size(file));
  }
}
