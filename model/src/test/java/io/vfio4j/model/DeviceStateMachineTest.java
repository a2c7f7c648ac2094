// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static io.vfio4j.model.DeviceState.ERROR;
import static io.vfio4j.model.DeviceState.PRE_COPY;
import static io.vfio4j.model.DeviceState.RESUMING;
import static io.vfio4j.model.DeviceState.RUNNING;
import static io.vfio4j.model.DeviceState.RUNNING_P2P;
import static io.vfio4j.model.DeviceState.STOP;
import static io.vfio4j.model.DeviceState.STOP_COPY;
import static io.vfio4j.model.TransitionException.FailureEffect.MID_PATH;
import static io.vfio4j.model.TransitionException.FailureEffect.MUST_RESET;
import static io.vfio4j.model.TransitionException.FailureEffect.UNCHANGED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.model.TransitionException.FailureEffect;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

class DeviceStateMachineTest {

  static final List<MigrationFeatures> FEATURE_SETS = ShortestPaths.FEATURE_SETS;

  record Change(DeviceState from, DeviceState to, String reason) {
  }

  private final List<Change> changes = new ArrayList<>();
  private final FakeDevice device = new FakeDevice();

  /** Returns a machine in a state, without records of how it got there. */
  private DeviceStateMachine machineIn(DeviceState state, MigrationFeatures features) throws DeviceException {
    DeviceStateMachine machine = new DeviceStateMachine("dev", features, device,
        (from, to, reason) -> changes.add(new Change(from, to, reason)));
    if (state == ERROR) {
      device.failAfter(0, new ArcException(Errno.EIO, true, "broken"));
      failureOf(machine, STOP);
    } else {
      machine.moveTo(state);
    }
    device.restart();
    changes.clear();
    return machine;
  }

  private static TransitionException failureOf(DeviceStateMachine machine, DeviceState target) {
    return catchThrowableOfType(TransitionException.class, () -> machine.moveTo(target));
  }

  private static void assertFailure(TransitionException failure, DeviceState from, DeviceState target,
      Errno errno, DeviceState reached, FailureEffect aftermath) {
    assertThat(failure.device()).isEqualTo("dev");
    assertThat(failure.from()).isEqualTo(from);
    assertThat(failure.target()).isEqualTo(target);
    assertThat(failure.errno()).isEqualTo(errno);
    assertThat(failure.reached()).isEqualTo(reached);
    assertThat(failure.effect()).isEqualTo(aftermath);
  }

  /** A pair of states with the path between them. */
  record Move(DeviceState from, DeviceState to, List<DeviceState> path) {

    List<Arc> arcs() {
      return arcs(path.size() - 1);
    }

    List<Arc> arcs(int count) {
      List<Arc> arcs = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        arcs.add(new Arc(path.get(i), path.get(i + 1)));
      }
      return arcs;
    }

    List<Change> changes(int count) {
      return arcs(count).stream().map(arc -> new Change(arc.from(), arc.to(), "toward " + to)).toList();
    }
  }

  private static List<Move> possibleMoves(MigrationFeatures features) {
    List<Move> moves = new ArrayList<>();
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        ShortestPaths.shortestPaths(features, from, to).forEach(path -> moves.add(new Move(from, to, path)));
      }
    }
    return moves;
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void takesArcsOfPathAndNotifiesOnce(MigrationFeatures features) throws DeviceException {
    for (Move move : possibleMoves(features)) {
      DeviceStateMachine machine = machineIn(move.from, features);

      TransitionResult reached = machine.moveTo(move.to);

      assertThat(reached.state()).as("%s", move).isEqualTo(move.to);
      assertThat(machine.state()).as("%s", move).isEqualTo(move.to);
      assertThat(device.taken).as("%s", move).isEqualTo(move.arcs());
      assertThat(changes).as("%s", move).isEqualTo(move.changes(move.arcs().size()));
    }
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void refusesTransitionWithoutPath(MigrationFeatures features) throws DeviceException {
    for (DeviceState from : DeviceState.values()) {
      for (DeviceState to : DeviceState.values()) {
        boolean canBeIn = from == ERROR || !ShortestPaths.shortestPaths(features, RUNNING, from).isEmpty();
        if (canBeIn && ShortestPaths.shortestPaths(features, from, to).isEmpty()) {
          DeviceStateMachine machine = machineIn(from, features);

          TransitionException failure = failureOf(machine, to);

          assertFailure(failure, from, to, Errno.EINVAL, from, from == ERROR ? MUST_RESET : UNCHANGED);
          assertThat(failure.reason()).isPresent();
          assertThat(machine.state()).isEqualTo(from);
          assertThat(device.taken).isEmpty();
          assertThat(changes).isEmpty();
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void staysAtStartOfFailedArc(MigrationFeatures features) throws DeviceException {
    for (Move move : possibleMoves(features)) {
      for (int failing = 0; failing < move.arcs().size(); failing++) {
        DeviceStateMachine machine = machineIn(move.from, features);
        ArcException cause = new ArcException(Errno.EBUSY, false, "not now");
        device.failAfter(failing, cause);

        TransitionException failure = failureOf(machine, move.to);

        DeviceState reached = move.path.get(failing);
        assertFailure(failure, move.from, move.to, Errno.EBUSY, reached, failing == 0 ? UNCHANGED : MID_PATH);
        assertThat(failure).hasCause(cause);
        assertThat(machine.state()).isEqualTo(reached);
        assertThat(device.taken).isEqualTo(move.arcs(failing));
        assertThat(changes).isEqualTo(move.changes(failing));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void requiresResetAfterError(MigrationFeatures features) throws DeviceException {
    for (Move move : possibleMoves(features)) {
      for (int failing = 0; failing < move.arcs().size(); failing++) {
        DeviceStateMachine machine = machineIn(move.from, features);
        device.failAfter(failing, new ArcException(Errno.EIO, true, "broken"));

        TransitionException failure = failureOf(machine, move.to);

        assertFailure(failure, move.from, move.to, Errno.EIO, ERROR, MUST_RESET);
        assertThat(machine.state()).isEqualTo(ERROR);
        assertThat(device.taken).isEqualTo(move.arcs(failing));
        Arc failed = move.arcs().get(failing);
        List<Change> expected = new ArrayList<>(move.changes(failing));
        expected.add(new Change(failed.from(), ERROR, "failed at " + failed));
        assertThat(changes).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ERROR")
  void ignoresTransitionToCurrentState(DeviceState state) throws DeviceException {
    DeviceStateMachine machine = machineIn(state, MigrationFeatures.ALL);

    assertThat(machine.moveTo(state).state()).isEqualTo(state);
    assertThat(machine.moveTo(state).session()).isEmpty();
    assertThat(device.taken).isEmpty();
    assertThat(changes).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void leavesErrorOnlyByReset(DeviceState target) throws DeviceException {
    DeviceStateMachine machine = machineIn(ERROR, MigrationFeatures.ALL);
    assertFailure(failureOf(machine, target), ERROR, target, Errno.EINVAL, ERROR, MUST_RESET);

    machine.onReset("asked to");

    assertThat(machine.state()).isEqualTo(RUNNING);
    assertThat(changes).containsExactly(new Change(ERROR, RUNNING, "asked to"));
    assertThat(machine.moveTo(STOP).state()).isEqualTo(STOP);
  }

  @Test
  void doesNotNotifyOfResetInRunning() throws DeviceException {
    DeviceStateMachine machine = machineIn(RUNNING, MigrationFeatures.ALL);

    machine.onReset("asked to");

    assertThat(machine.state()).isEqualTo(RUNNING);
    assertThat(changes).isEmpty();
  }

  @ParameterizedTest
  @FieldSource("FEATURE_SETS")
  void returnsSessionOfLastArc(MigrationFeatures features) throws DeviceException {
    for (Move move : possibleMoves(features)) {
      DeviceStateMachine machine = machineIn(move.from, features);

      TransitionResult reached = machine.moveTo(move.to);

      assertThat(reached.session().stream().toList()).as("%s", move).isEqualTo(device.opened);
      boolean opens = !move.arcs().isEmpty()
          && (move.arcs().getLast().opensSaving() || move.arcs().getLast().opensResuming());
      assertThat(reached.session().isPresent()).as("%s", move).isEqualTo(opens);
    }
  }

  @Test
  void opensSessionMatchingState() throws DeviceException {
    assertThat(machineIn(RUNNING, MigrationFeatures.ALL).moveTo(PRE_COPY).savingSession()).isNotNull();
    assertThat(machineIn(RUNNING, MigrationFeatures.ALL).moveTo(STOP_COPY).savingSession()).isNotNull();
    assertThat(machineIn(RUNNING, MigrationFeatures.ALL).moveTo(RESUMING).resumingSession()).isNotNull();
    assertThat(machineIn(PRE_COPY, MigrationFeatures.ALL).moveTo(STOP_COPY).session()).isEmpty();
    assertThat(machineIn(RESUMING, MigrationFeatures.ALL).moveTo(RUNNING_P2P).session()).isEmpty();
  }

  @Test
  void refusesTransitionsWithoutMigration() throws DeviceException {
    DeviceStateMachine machine = machineIn(RUNNING, MigrationFeatures.NONE);

    assertThat(machine.moveTo(RUNNING)).isEqualTo(new TransitionResult(RUNNING, Optional.empty()));
    assertFailure(failureOf(machine, STOP), RUNNING, STOP, Errno.EINVAL, RUNNING, UNCHANGED);
  }

  /** The failure of an arc: after how many that succeed, and whether into ERROR. */
  private record Fault(int after, boolean entersError) {
  }

  /** A model of the machine: its state, and the result of a transition. */
  private static final class Expected {
    final MigrationFeatures features;
    DeviceState state = RUNNING;

    Expected(MigrationFeatures features) {
      this.features = features;
    }

    /** Moves the device, and returns the errno of the failure, if any. */
    @Nullable
    Errno move(DeviceState target, @Nullable Fault fault) {
      List<List<DeviceState>> paths = ShortestPaths.shortestPaths(features, state, target);
      if (paths.isEmpty()) {
        return Errno.EINVAL;
      }
      List<DeviceState> path = paths.getFirst();
      if (fault == null || fault.after >= path.size() - 1) {
        state = target;
        return null;
      }
      state = fault.entersError ? ERROR : path.get(fault.after);
      return Errno.EIO;
    }
  }

  @Test
  void matchesReferenceModel() {
    Property.forCases(10_000, random -> {
      MigrationFeatures features = FEATURE_SETS.get(random.nextInt(FEATURE_SETS.size()));
      DeviceStateMachine machine = machineIn(RUNNING, features);
      Expected expected = new Expected(features);
      for (int step = random.nextInt(1, 20); step > 0; step--) {
        if (random.nextInt(8) == 0) {
          machine.onReset("random");
          expected.state = RUNNING;
        } else {
          moveBoth(machine, expected, random);
        }
        assertThat(machine.state()).isEqualTo(expected.state);
      }
      assertChangesAreContiguous(expected.state);
    });
  }

  private void moveBoth(DeviceStateMachine machine, Expected expected, RandomGenerator random) {
    DeviceState before = expected.state;
    DeviceState target = Property.oneOf(random, DeviceState.values());
    Fault fault = random.nextInt(3) == 0 ? new Fault(random.nextInt(4), random.nextInt(4) == 0) : null;
    device.restart();
    if (fault != null) {
      device.failAfter(fault.after, new ArcException(Errno.EIO, fault.entersError, "random"));
    }
    Errno errno = expected.move(target, fault);

    TransitionException failure = failureOf(machine, target);

    if (errno == null) {
      assertThat(failure).isNull();
    } else {
      FailureEffect aftermath = expected.state == before ? UNCHANGED : MID_PATH;
      assertFailure(failure, before, target, errno, expected.state,
          expected.state == ERROR ? MUST_RESET : aftermath);
    }
  }

  private void assertChangesAreContiguous(DeviceState end) {
    DeviceState at = RUNNING;
    for (Change change : changes) {
      assertThat(change.from).isEqualTo(at).isNotEqualTo(change.to);
      at = change.to;
    }
    assertThat(at).isEqualTo(end);
  }
}
