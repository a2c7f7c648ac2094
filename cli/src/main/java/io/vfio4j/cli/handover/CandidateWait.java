// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ControlClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Waits for a candidate, with a time limit. */
final class CandidateWait {

  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);
  private static final String NO_CANDIDATE = "no VMM has connected to the device's socket";

  private final ControlClient control;
  private final HandoverReport report;
  private final Duration patience;
  private String reported = "";

  CandidateWait(ControlClient control, HandoverReport report, Duration patience) {
    this.control = control;
    this.report = report;
    this.patience = patience;
  }

  /** Returns what is missing; empty if nothing is. */
  private interface Condition {
    Optional<String> findObstacle(Contenders contenders) throws IOException;
  }

  /**
   * Waits until there is a candidate.
   *
   * @throws CommandException if the time is over
   */
  Contenders awaitConnected() throws IOException, InterruptedException {
    return await(
        contenders -> contenders.candidate().isPresent() ? Optional.empty() : Optional.of(NO_CANDIDATE));
  }

  /**
   * Waits until there is a candidate that passes the check.
   *
   * @throws CommandException if the time is over
   */
  Contenders awaitReady() throws IOException, InterruptedException {
    return await(contenders -> contenders.candidate().isPresent()
        ? contenders.findObjection(control) : Optional.of(NO_CANDIDATE));
  }

  /** Polls the server, and reports what it waits for whenever that changes. */
  private Contenders await(Condition condition) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      String obstacle;
      try {
        Contenders contenders = Contenders.read(control, report.device());
        Optional<String> found = condition.findObstacle(contenders);
        if (found.isEmpty()) {
          return contenders;
        }
        obstacle = found.get();
      } catch (DeviceException e) {
        // The candidate is in the middle of a message.
        if (!e.errno().equals(Errno.EBUSY)) {
          throw e;
        }
        obstacle = e.reason().orElse(e.errno().toString());
      }
      if (!obstacle.equals(reported)) {
        reported = obstacle;
        report.printWaiting(reported, patience);
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new CommandException(ExitCodes.FAILURE,
            "no candidate was ready in time, and nothing was changed: " + reported, null);
      }
      Thread.sleep(POLL_INTERVAL);
    }
  }
}
