// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.util.Arrays;

/** Reset, from every state and in the middle of a session. */
final class ResetChecks {

  static final String FROM_RUNNING = "reset/from RUNNING";
  static final String LEFT = "reset/at the end";

  private ResetChecks() {
  }

  /** Returns the id of the check of a reset in a state. */
  static String from(DeviceState state) {
    return state == DeviceState.ERROR ? FROM_RUNNING : "reset/from " + state;
  }

  static void addFromStates(Plan plan, MigrationFeatures features) {
    addFrom(plan, DeviceState.RUNNING);
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.ERROR && from != DeviceState.RUNNING && features.supports(from)) {
        addFrom(plan, from);
      }
    }
    plan.add(Group.RESET, "twice", "A reset right after a reset changes nothing.", Sources.RESET, bench -> {
      resetAndExpectRunning(bench);
      resetAndExpectRunning(bench);
    });
  }

  static void addDuringSessions(Plan plan) {
    plan.add(Group.RESET, "while saving",
        "A reset in the middle of reading a state ends the session (ENODEV) and leads to RUNNING.",
        Sources.RESET,
        bench -> {
          bench.known().exercise(bench.probe());
          SavingSession session = bench.save(DeviceState.STOP_COPY);
          bench.streams().touch(session);
          resetAndExpectRunning(bench);
          expectDead(bench, session);
        });
    plan.add(Group.RESET, "while saving and running",
        "A reset in the middle of pre-copy ends the session (ENODEV) and leads to RUNNING.", Sources.RESET,
        bench -> {
          bench.needs(MigrationFeature.PRE_COPY);
          SavingSession session = bench.save(DeviceState.PRE_COPY);
          bench.streams().touch(session);
          resetAndExpectRunning(bench);
          expectDead(bench, session);
        });
    plan.add(Group.RESET, "while resuming",
        "A reset in the middle of writing a state ends the session (ENODEV) and leads to RUNNING.",
        Sources.RESET,
        ResetChecks::whileResuming);
  }

  /** Adds the check that is done at last, after which nothing more happens to the device. */
  static void addLast(Plan plan) {
    plan.add(Group.RESET, "at the end", "After all checks the device can be left in RUNNING.", Sources.RESET,
        bench -> Expect.state(bench, DeviceState.RUNNING, "at the end"));
  }

  private static void addFrom(Plan plan, DeviceState from) {
    plan.add(Group.RESET, "from " + from, "A reset in %s leads to RUNNING, and the device can be moved again."
        .formatted(from), Sources.RESET, bench -> {
          DataSession session = null;
          if (from.isSaving()) {
            session = bench.save(from);
          } else if (from == DeviceState.RESUMING) {
            session = bench.resume(); // Empty: only a reset leads out of it.
          } else if (from != DeviceState.RUNNING) {
            bench.go(from);
          }
          resetAndExpectRunning(bench);
          if (session != null) {
            expectDead(bench, session);
          }
          bench.go(DeviceState.STOP);
        });
  }

  private static void whileResuming(Bench bench) throws Judgement, DeviceException {
    byte[] state = bench.whole();
    ResumingSession session = bench.resume();
    bench.write(session, Arrays.copyOf(state, state.length / 2 & -Long.BYTES));
    resetAndExpectRunning(bench);
    expectDead(bench, session);
  }

  static void resetAndExpectRunning(Bench bench) throws Judgement, DeviceException {
    Expect.works("a reset that works", () -> {
      if (bench.probe() instanceof DeviceProbe.ResetProbe resetting) {
        resetting.resetOnly();
      } else {
        bench.device().reset();
      }
    });
    Expect.state(bench, DeviceState.RUNNING, "after a reset");
  }

  static void expectDead(Bench bench, DataSession session) throws Judgement, DeviceException {
    switch (session) {
      case SavingSession saving -> Expect.refused("reading from the session that has ended",
          () -> saving.read(bench.streams().buffer(1)), Errno.ENODEV);
      case ResumingSession resuming -> Expect.refused("writing to the session that has ended",
          () -> resuming.write(bench.streams().buffer(1)), Errno.ENODEV);
    }
  }
}
