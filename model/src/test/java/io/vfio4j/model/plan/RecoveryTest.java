// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import static io.vfio4j.model.DeviceState.ERROR;
import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.PRE_COPY_P2P;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.ShortestPaths;
import io.vfio4j.model.TransitionException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class RecoveryTest {

  static final List<MigrationFeatures> FEATURE_SETS = ShortestPaths.FEATURE_SETS;

  private static Recovery after(DeviceState from, DeviceState target, DeviceState reached,
      MigrationFeatures features) {
    return Recovery.afterFailure(new TransitionException("dev", from, target, Errno.EIO, reached, null),
        features);
  }

  private static Recovery after(DeviceState from, DeviceState target, DeviceState reached) {
    return after(from, target, reached, MigrationFeatures.ALL);
  }

  private static void assertUnwind(Recovery recovery, boolean sessionEnded, DeviceState... path) {
    assertThat(recovery).isInstanceOfSatisfying(Recovery.Rollback.class, unwind -> {
      assertThat(unwind.path()).containsExactly(path);
      assertThat(unwind.to()).isEqualTo(path[path.length - 1]);
      assertThat(unwind.sessionEnded()).isEqualTo(sessionEnded);
    });
  }

  @Test
  void needsNoActionAfterUnchangedState() {
    assertThat(after(RUNNING, STOP, RUNNING)).isInstanceOf(Recovery.NoAction.class);
    assertThat(after(RESUMING, STOP, RESUMING)).isInstanceOf(Recovery.NoAction.class);
  }

  @Test
  void resetsFromError() {
    assertThat(after(RUNNING, STOP, ERROR))
        .isInstanceOfSatisfying(Recovery.Reset.class, reset -> assertThat(reset.losesState()).isTrue());
    assertThat(after(RESUMING, STOP, ERROR))
        .isInstanceOfSatisfying(Recovery.Reset.class, reset -> assertThat(reset.losesState()).isFalse());
  }

  @Test
  void rollsBackFromIntermediateState() {
    assertUnwind(after(RUNNING, STOP_COPY, STOP), false, STOP, RUNNING_P2P, RUNNING);
    assertUnwind(after(RUNNING, RESUMING, RUNNING_P2P), false, RUNNING_P2P, RUNNING);
    assertUnwind(after(STOP, PRE_COPY, RUNNING), false, RUNNING, RUNNING_P2P, STOP);
    assertUnwind(after(PRE_COPY, STOP_COPY, PRE_COPY_P2P), false, PRE_COPY_P2P, PRE_COPY);
  }

  @Test
  void doesNotReopenEndedSavingSession() {
    assertUnwind(after(PRE_COPY, STOP, RUNNING_P2P), true, RUNNING_P2P, RUNNING);
    assertUnwind(after(STOP_COPY, RUNNING, RUNNING_P2P), true, RUNNING_P2P, STOP);
    assertThat(after(STOP_COPY, RUNNING, STOP)).isInstanceOf(Recovery.NoAction.class);
    assertThat(after(PRE_COPY, STOP, RUNNING)).isInstanceOf(Recovery.NoAction.class);
  }

  @Test
  void rollsBackToRunningWithoutSaving() {
    // No kernel path leads there, but another implementation may report it.
    assertUnwind(after(PRE_COPY, STOP, STOP_COPY), true, STOP_COPY, STOP, RUNNING_P2P, RUNNING);
  }

  @Test
  void keepsLoadedStateInStop() {
    assertThat(after(RESUMING, RUNNING, STOP))
        .isInstanceOfSatisfying(Recovery.NoAction.class,
            nothing -> assertThat(nothing.state()).isEqualTo(STOP));
    assertUnwind(after(RESUMING, RUNNING, RUNNING_P2P), true, RUNNING_P2P, STOP);
  }

  @Test
  void resetsFromUnsupportedState() {
    assertThat(after(RUNNING, STOP, PRE_COPY, MigrationFeatures.of())).isInstanceOf(Recovery.Reset.class);
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void recoversFromMidPathWithoutReset(MigrationFeatures features) {
    NextState nextState = NextState.of(features);
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState target : DeviceState.values()) {
        for (DeviceState reached : nextState.path(from, target).orElse(List.of())) {
          Recovery recovery = after(from, target, reached, features);

          assertThat(recovery).as("%s to %s at %s", from, target, reached)
              .isNotInstanceOf(Recovery.Reset.class);
          if (recovery instanceof Recovery.Rollback unwind) {
            assertThat(nextState.path(reached, unwind.to())).contains(unwind.path());
            assertThat(unwind.path()).hasSizeGreaterThan(1);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void reachesRunningFromEveryState(MigrationFeatures features) {
    for (DeviceState at : DeviceState.values()) {
      Recovery recovery = Recovery.toReach(RUNNING, at, features);

      switch (at) {
        case RUNNING -> assertThat(recovery).isInstanceOf(Recovery.NoAction.class);
        case ERROR -> assertThat(recovery)
            .isInstanceOfSatisfying(Recovery.Reset.class, reset -> assertThat(reset.losesState()).isTrue());
        case RESUMING -> assertThat(recovery)
            .isInstanceOfSatisfying(Recovery.Reset.class, reset -> assertThat(reset.losesState()).isFalse());
        default -> {
          Optional<List<DeviceState>> path = NextState.of(features).path(at, RUNNING);
          if (path.isEmpty()) { // A state that such a device does not have.
            assertThat(recovery).as("%s", at).isInstanceOf(Recovery.Reset.class);
          } else {
            assertUnwind(recovery, at.isSaving(), path.get().toArray(DeviceState[]::new));
          }
        }
      }
    }
  }

  @Test
  void discardsStateWithoutLoss() {
    assertThat(Recovery.discard().losesState()).isFalse();
  }
}
