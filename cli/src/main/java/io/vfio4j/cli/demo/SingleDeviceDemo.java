// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import java.io.IOException;
import java.nio.file.Path;

/** Moves a device with live traffic from one process to another, and proves that nothing was lost. */
final class SingleDeviceDemo {

  private final DemoSettings settings;
  private final MigrationListener listener;

  SingleDeviceDemo(DemoSettings settings, MigrationListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Runs it, from the start of the servers to their end.
   *
   * @param folder where the servers' sockets go
   * @throws MigrationException if the device could not be moved
   * @throws IOException if something else failed
   */
  DemoResult run(Path folder) throws IOException, MigrationException, InterruptedException {
    try (ChildServer source = ChildServer.start(settings.sourceArguments(folder.resolve("source.sock")));
        ChildServer target = ChildServer.start(settings.targetArguments(folder.resolve("target.sock")));
        DemoVm vm = new DemoVm(source.socket());
        GuestDevice arrival = vm.connect(target.socket())) {
      vm.startWork(settings.memory(), settings.trafficRate(), settings.churnRate());
      for (int attempt = 1;; attempt++) {
        SwitchoverObserver observer = vm.observe(arrival.name(), listener);
        try {
          MigrationReport report =
              LocalMigration.run(vm.source().client(), arrival.client(), settings.options(),
                  Workload.NONE, observer);
          MigrationProof proof = new MigrationProof(vm, arrival, observer, 0, settings.memory());
          long writes = proof.run();
          return new DemoResult(report, source.pid(), target.pid(), attempt, writes, settings.loaded(),
              proof.checks());
        } catch (MigrationException e) {
          // On a busy machine the limit of the downtime may be missed; the source runs on, so it can be tried again.
          if (e.outcome() != Outcome.SOURCE_RUNNING || attempt == settings.attempts()) {
            throw e;
          }
        }
      }
    }
  }
}
