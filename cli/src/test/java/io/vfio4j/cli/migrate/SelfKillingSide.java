// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.MigrationSource;
import io.vfio4j.engine.migration.MigrationTarget;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** A process that is one side of a migration and sends itself SIGKILL at a step. */
public final class SelfKillingSide {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private SelfKillingSide() {
  }

  /**
   * Runs a side.
   *
   * @param args the side, the state directory, the device's socket, the address of the target, the step
   */
  public static void main(String[] args) throws IOException, MigrationException {
    MigrationOptions options =
        ProcessFaultScenario.options(StateDirectory.open(Path.of(args[1])));
    TransportAddress address = TransportAddress.parse(args[3]);
    MigrationListener listener = event -> {
      if (event.stepName().filter(args[4]::equals).isPresent()) {
        SelfKillingProcess.killSelf();
      }
    };
    boolean isSource = args[0].equals(Side.SOURCE.toString());
    try (VfioUserClient device = VfioUserClient.connect(Path.of(args[2]),
        ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true))) {
      if (isSource) {
        new MigrationSource(DeviceSet.of(device), Connections.connect(address, PeerPolicy.OWN_USER, PATIENCE),
            options,
            Workload.NONE,
            listener).run();
      } else {
        try (TransportListener accepting = TransportListener.open(address, PeerPolicy.OWN_USER, refused -> {
        })) {
          System.out.println("listening");
          new MigrationTarget(DeviceSet.of(device), Connections.accept(accepting, PATIENCE), options,
              listener)
              .run();
        }
      }
    }
  }
}
