// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.recover.SwapJournal;
import io.vfio4j.cli.testing.SelfKillingProcess;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.Handover;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A process that swaps the server of a device and sends itself SIGKILL at a step. */
public final class SelfKillingSwap {

  /** When the process ends. */
  enum Step {
    STAGED, SURRENDERED, COMMITTED, RUNNING
  }

  private SelfKillingSwap() {
  }

  /**
   * Runs the swap.
   *
   * @param args the state directory, both control sockets, the step
   */
  public static void main(String[] args) throws IOException, MigrationException {
    Step step = Step.valueOf(args[3]);
    ClientOptions clientOptions = ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
    try (ControlClient from = ControlClient.connect(Path.of(args[1]), clientOptions);
        ControlClient to = ControlClient.connect(Path.of(args[2]), clientOptions)) {
      long token = from.info().token();
      MigrationOptions options = MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(60))
          .withJournal(
              new SwapJournal(new AbsoluteAddressJournal(StateDirectory.open(Path.of(args[0]))),
                  new SwapJournal.Swapped(token, to.info().server())));
      MigrationListener listener = event -> {
        if (event instanceof MigrationEvent.JournalWrite written
            && written.step() == JournalStep.COMMITTED) {
          dieAt(Step.COMMITTED, step);
        }
      };
      Handover handover =
          new KillingHandover(new ConnectionHandover(from, to, token, SwapObserver.NONE), step);
      LocalMigration.run(DeviceSet.of(from.device()).withHandover(handover), DeviceSet.of(to.device()),
          options, Workload.NONE, listener);
    }
  }

  private static void dieAt(Step here, Step chosen) {
    if (here == chosen) {
      SelfKillingProcess.killSelf();
    }
  }

  /**
   * Ends the process after a call.
   *
   * @param real the handover
   * @param step when
   */
  private record KillingHandover(Handover real, Step step) implements Handover {

    @Override
    public Optional<String> begin() throws IOException {
      return real.begin();
    }

    @Override
    public void prepare() throws IOException {
      real.prepare();
      dieAt(Step.STAGED, step);
    }

    @Override
    public void commit() throws IOException {
      real.commit();
      dieAt(Step.SURRENDERED, step);
    }

    @Override
    public boolean complete() throws IOException {
      dieAt(Step.RUNNING, step);
      return real.complete();
    }
  }
}
