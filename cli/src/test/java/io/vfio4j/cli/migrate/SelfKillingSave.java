// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.file.StateSaver;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A process that saves the state of a device and sends itself SIGKILL at a step. */
public final class SelfKillingSave {

  private SelfKillingSave() {
  }

  /**
   * Saves a state.
   *
   * @param args the device's socket, the file, whether the device is to stay stopped, the number of the step, from 1
   */
  public static void main(String[] args) throws DeviceException, MigrationException {
    int last = Integer.parseInt(args[3]);
    Steps steps = new Steps();
    save(Path.of(args[0]), Path.of(args[1]), Boolean.parseBoolean(args[2]), event -> {
      steps.on(event);
      if (steps.count() == last) {
        SelfKillingProcess.killSelf();
      }
    });
  }

  /** Saves the state of a served device. */
  static void save(Path socket, Path file, boolean stop, MigrationListener listener)
      throws DeviceException, MigrationException {
    MigrationOptions options = MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(60))
        .withMaxQuiesce(Duration.ofSeconds(60));
    try (VfioUserClient device =
        VfioUserClient.connect(socket, ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true))) {
      new StateSaver(DeviceSet.of(device), file, stop, options, Workload.NONE, listener).run();
    }
  }

  /** Counts the steps by the events of the engine. */
  static final class Steps implements MigrationListener {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void on(MigrationEvent event) {
      if (!(event instanceof MigrationEvent.Progress || event instanceof MigrationEvent.Note)) {
        count.incrementAndGet();
      }
    }

    int count() {
      return count.get();
    }
  }
}
