// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;

import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Migrates a device with live traffic from one process to another, and checks that nothing was lost. */
final class SingleDeviceDemo {

  private final DemoSettings settings;
  private final MigrationListener listener;

  SingleDeviceDemo(DemoSettings settings, MigrationListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Starts the servers, migrates the device, runs the checks, and stops the servers.
   *
   * @param folder the folder of the servers' sockets
   * @throws MigrationException if the migration failed
   * @throws IOException if something else failed
   */
  DemoResult run(Path folder) throws IOException, MigrationException, InterruptedException {
    try (ChildServer source = ChildServer.start(settings.sourceArguments(folder.resolve("source.sock")));
        ChildServer target = ChildServer.start(settings.targetArguments(folder.resolve("target.sock")));
        DemoVm vm = new DemoVm(source.socket());
        GuestDevice targetDevice = vm.connect(target.socket())) {
      vm.startWork(settings.memory(), settings.trafficRate(), settings.churnRate());
      return DemoSettings.retry(attempt -> {
        SwitchoverObserver observer = vm.observe(targetDevice.name(), listener);
        MigrationReport report = LocalMigration.run(vm.source().client(), targetDevice.client(),
            settings.options(), Workload.NONE, observer);
        MigrationProof proof = new MigrationProof(vm, targetDevice, observer, 0, settings.memory());
        long writes = proof.run();
        return new DemoResult(report, List.of(source.pid()), List.of(target.pid()), attempt,
            List.of(new DeviceResult(writes, 0, proof.checks())));
      });
    }
  }
}
