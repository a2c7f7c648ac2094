// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Something breaks at each event of a migration in turn. */
class FaultAtEveryStepTest {

  /** What breaks. */
  enum Break {
    SOURCE_FAILS {
      @Override
      void happen(Trial trial, MigrationEvent at) {
        fail(Side.SOURCE, at);
      }
    },
    TARGET_FAILS {
      @Override
      void happen(Trial trial, MigrationEvent at) {
        fail(Side.TARGET, at);
      }
    },
    SOURCE_LOST {
      @Override
      void happen(Trial trial, MigrationEvent at) {
        trial.source().lose();
      }
    },
    TARGET_LOST {
      @Override
      void happen(Trial trial, MigrationEvent at) {
        trial.target().lose();
      }
    },
    CONNECTION_CUT {
      @Override
      void happen(Trial trial, MigrationEvent at) {
        trial.cut();
      }
    };

    abstract void happen(Trial trial, MigrationEvent at);

    private static void fail(Side side, MigrationEvent at) {
      if (at.side() == side) {
        throw new IllegalStateException("ordered to fail at " + at);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Break.class)
  void neverRunsTwiceAndNeverLosesTheDevice(Break breakage) {
    Trial good = new Trial().run();
    good.success();
    for (int step = 0; step < good.events.size(); step++) {
      runWith(breakage, step);
    }
  }

  private static void runWith(Break breakage, int step) {
    Trial trial = new Trial();
    boolean[] handedOver = new boolean[1];
    trial.listener = event -> {
      if (trial.events.size() == step + 1) {
        handedOver[0] = trial.events.stream().anyMatch(FaultAtEveryStepTest::isHandover);
        breakage.happen(trial, event);
      }
    };
    trial.run();
    try {
      if (trial.report().isEmpty()) {
        checkFailed(trial, breakage, handedOver[0]);
      } else if (breakage != Break.SOURCE_LOST && breakage != Break.TARGET_LOST) {
        trial.success();
      } else {
        assertThat(trial.target().stateIdentity()).isEqualTo(trial.source().stateIdentity());
      }
    } catch (AssertionError e) {
      throw new AssertionError(breakage + " at step " + step + ": " + trial.events.get(step), e);
    }
  }

  private static boolean isHandover(MigrationEvent event) {
    return event.side() == Side.SOURCE && event instanceof MigrationEvent.PhaseBegan began
        && began.phase() instanceof Phase.Handover;
  }

  private static void checkFailed(Trial trial, Break breakage, boolean handedOver) {
    MigrationException failure = trial.failure();
    if (!handedOver && breakage != Break.SOURCE_LOST) {
      assertThat(failure.outcome().sourceRuns()).as("the source runs: %s", failure).isTrue();
      assertThat(trial.source().machineState()).isEqualTo(DeviceState.RUNNING);
    }
    if (breakage != Break.TARGET_LOST && failure.outcome().sourceRuns()) {
      assertThat(trial.target().machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(trial.target().stateIdentity()).as("the target is empty").isZero();
    }
  }
}
