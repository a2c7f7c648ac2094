// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.Property;
import io.vfio4j.model.TransitionException.FailureEffect;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DeviceStateMachineV1Test {

  private final List<String> heard = new ArrayList<>();
  private final List<ArcV1> taken = new ArrayList<>();
  private @Nullable ArcException failure;

  private DeviceStateMachineV1 machine(FeaturesV1 features) {
    return new DeviceStateMachineV1(features, (arc, _) -> {
      if (failure != null) {
        throw failure;
      }
      taken.add(arc);
    }, (from, to, reason) -> heard.add(from + " > " + to + ": " + reason));
  }

  private static StateWriteException failureOf(DeviceStateMachineV1 machine, int value) {
    return catchThrowableOfType(StateWriteException.class, () -> machine.write(value));
  }

  @Test
  void acceptsOrRefusesEveryWrite() throws StateWriteException {
    for (boolean ndma : new boolean[] {true, false}) {
      for (int from = 0; from < 16; from++) {
        for (int to = 0; to < 16; to++) {
          if (new DeviceStateV1(from).isWritable(ndma)) {
            checkWrite(FeaturesV1.all(ndma), from, to);
          }
        }
      }
    }
  }

  private void checkWrite(FeaturesV1 features, int from, int to) throws StateWriteException {
    DeviceStateMachineV1 machine = machine(features);
    machine.write(from);
    boolean allowed = to < 5 || (features.ndma() && to >= 8 && to < 13);

    if (allowed) {
      assertThat(machine.write(to)).isEqualTo(ActionV1.of(new DeviceStateV1(from), new DeviceStateV1(to)));
      assertThat(machine.state().value()).isEqualTo(to);
    } else {
      StateWriteException refused = failureOf(machine, to);
      assertThat(refused.errno()).isEqualTo(Errno.EINVAL);
      assertThat(refused.effect()).isEqualTo(FailureEffect.UNCHANGED);
      assertThat(machine.state().value()).isEqualTo(from);
    }
  }

  @Test
  void refusesMissingTransition() throws StateWriteException {
    DeviceStateMachineV1 machine = machine(FeaturesV1.mandatory(false));
    machine.write(0);

    assertThat(failureOf(machine, 1).errno()).isEqualTo(Errno.EINVAL);
    assertThat(machine.state()).isEqualTo(DeviceStateV1.STOP);
    assertThat(taken).containsExactly(ArcV1.parse("RUNNING>STOP"));
  }

  @Test
  void ignoresNdmaWhileStopped() throws StateWriteException {
    DeviceStateMachineV1 machine = machine(FeaturesV1.mandatory(true));
    machine.write(8);

    machine.write(0);

    assertThat(taken).containsExactly(ArcV1.parse("RUNNING>STOP"));
    assertThat(heard).containsExactly("RUNNING > STOP+NDMA: written", "STOP+NDMA > STOP: written");
  }

  @Test
  void keepsReservedBitsUntilReset() throws StateWriteException {
    DeviceStateMachineV1 machine = machine(FeaturesV1.all(false));
    machine.write(0x100 | 1);
    assertThat(taken).isEmpty();
    assertThat(machine.state().with(DeviceStateV1.STOP).value()).isEqualTo(0x100);

    failure = new ArcException(Errno.EIO, true, "broken");
    assertThat(failureOf(machine, 0x200)).hasCause(failure);
    assertThat(machine.state().value()).isEqualTo(0x106);

    machine.onReset("asked to");
    assertThat(machine.state().value()).isEqualTo(1);
  }

  @Test
  void reportsStateAndRecoveryOfFailure() {
    DeviceStateMachineV1 machine = machine(FeaturesV1.all(false));
    failure = new ArcException(Errno.EBUSY, false, "not now");

    StateWriteException unchanged = failureOf(machine, 2);

    assertThat(unchanged.before()).isEqualTo(DeviceStateV1.RUNNING);
    assertThat(unchanged.written()).isEqualTo(DeviceStateV1.STOP_COPY);
    assertThat(unchanged.reached()).isEqualTo(DeviceStateV1.RUNNING);
    assertThat(unchanged.errno()).isEqualTo(Errno.EBUSY);
    assertThat(unchanged.effect()).isEqualTo(FailureEffect.UNCHANGED);
    assertThat(heard).isEmpty();

    failure = new ArcException(Errno.EIO, true, "broken");
    StateWriteException broken = failureOf(machine, 2);

    assertThat(broken.reached()).isEqualTo(DeviceStateV1.ERROR);
    assertThat(broken.effect()).isEqualTo(FailureEffect.MUST_RESET);
    assertThat(broken).hasMessageContaining("write of STOP_COPY in RUNNING")
        .hasMessageContaining("it is in ERROR");
    assertThat(heard).containsExactly("RUNNING > ERROR: failed during the transition to STOP_COPY");
    for (int value = 0; value < 16; value++) {
      assertThat(failureOf(machine, value).errno()).isEqualTo(Errno.EINVAL);
    }
  }

  /** A model of the machine, on plain numbers. */
  private static final class Expected {
    private final boolean ndma;
    private final Set<Integer> arcs;
    int value = 1;

    /** Takes the arcs as {@code from * 16 + to}. */
    Expected(boolean ndma, Set<Integer> arcs) {
      this.ndma = ndma;
      this.arcs = arcs;
    }

    static int plain(int value) {
      int bits = value & 15;
      return (bits & 1) == 0 ? bits & 7 : bits;
    }

    /** Writes, and returns the errno or 0. */
    int write(int written, int failsWith, boolean entersError) {
      int to = plain(written);
      boolean valid = to < 4 || (to == 4) || to == 9 || to == 11;
      // 14 is ERROR with NDMA, which may not be written either.
      if ((value & 15) == 6 || !valid || (!ndma && (written & 8) != 0)) {
        return 22;
      }
      int from = plain(value);
      if (from != to && !arcs.contains(from * 16 + to)) {
        return 22;
      }
      if (from != to && failsWith != 0) {
        value = entersError ? (value & ~15) | 6 : value;
        return failsWith;
      }
      value = written;
      return 0;
    }
  }

  private static FeaturesV1 randomFeatures(RandomGenerator random) {
    boolean ndma = random.nextBoolean();
    Set<ArcV1> some = new HashSet<>(FeaturesV1.all(ndma).arcs());
    some.removeIf(_ -> random.nextInt(4) == 0);
    return new FeaturesV1(ndma, some);
  }

  @Test
  void matchesReferenceModel() {
    Property.forCases(10_000, random -> {
      FeaturesV1 features = randomFeatures(random);
      Set<Integer> arcs = new HashSet<>();
      features.arcs().forEach(arc -> arcs.add(arc.from().value() * 16 + arc.to().value()));
      Expected expected = new Expected(features.ndma(), arcs);
      DeviceStateMachineV1 machine = machine(features);
      for (int step = random.nextInt(1, 25); step > 0; step--) {
        if (random.nextInt(10) == 0) {
          machine.onReset("random");
          expected.value = 1;
        } else {
          writeBoth(machine, expected, random);
        }
        assertThat(machine.state().value()).isEqualTo(expected.value);
      }
    });
  }

  private void writeBoth(DeviceStateMachineV1 machine, Expected expected, RandomGenerator random) {
    int value = random.nextInt(16) | (random.nextInt(4) == 0 ? random.nextInt() << 4 : expected.value & ~15);
    boolean fails = random.nextInt(4) == 0;
    boolean entersError = random.nextInt(3) == 0;
    failure = fails ? new ArcException(Errno.EIO, entersError, "random") : null;
    int before = expected.value;

    int errno = expected.write(value, fails ? 5 : 0, entersError);
    StateWriteException thrown = failureOf(machine, value);

    if (errno == 0) {
      assertThat(thrown).isNull();
    } else {
      assertThat(thrown.errno().number()).isEqualTo(errno);
      assertThat(thrown.before().value()).isEqualTo(before);
      assertThat(thrown.reached().value()).isEqualTo(expected.value);
    }
  }
}
