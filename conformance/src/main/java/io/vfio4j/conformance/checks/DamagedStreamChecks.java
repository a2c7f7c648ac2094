// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SessionIo;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import java.util.Arrays;

/** Writing states that are short, long, damaged, foreign or empty. */
final class DamagedStreamChecks {

  private static final int HEAD_BYTES = 8;
  private static final int FOREIGN_BYTES = 64;

  private DamagedStreamChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "empty", "RESUMING cannot be left for STOP before anything was written.",
        bench -> expectRefusal(bench, new byte[0], "nothing at all"));
    add(plan, "short by a byte", "A state without its last byte is refused.",
        bench -> {
          byte[] state = savedState(bench);
          expectRefusal(bench, Arrays.copyOf(state, state.length - 1), "a state without its last byte");
        });
    add(plan, "half", "Half a state is refused.", bench -> {
      byte[] state = savedState(bench);
      expectRefusal(bench, Arrays.copyOf(state, state.length / 2), "half a state");
    });
    add(plan, "head only", "The first bytes of a state are refused.", bench -> {
      byte[] state = savedState(bench);
      expectRefusal(bench, Arrays.copyOf(state, Math.min(HEAD_BYTES, state.length - 1)),
          "the first bytes of a state");
    });
    add(plan, "long by a byte", "A state with a byte too many is refused.", bench -> {
      byte[] state = savedState(bench);
      expectRefusal(bench, Arrays.copyOf(state, state.length + 1), "a state with a byte too many");
    });
    add(plan, "twice", "A state that is followed by itself is refused.", bench -> {
      byte[] state = savedState(bench);
      expectRefusal(bench, SessionIo.concat(state, state), "a state followed by itself");
    });
    add(plan, "foreign", "What is no state of such a device is refused.", bench -> {
      byte[] state = savedState(bench).clone();
      for (int i = 0; i < Math.min(FOREIGN_BYTES, state.length); i++) {
        state[i] ^= (byte) 0xff;
      }
      expectRefusal(bench, state, "a state with another head");
    });
    add(plan, "damaged", "A state with a changed byte is refused, if the device can tell.",
        DamagedStreamChecks::expectCorruptionRefused);
    add(plan, "reset after", "After a state that was refused, a reset makes the device as good as new.",
        DamagedStreamChecks::resetAfterRefusal);
    add(plan, "on after an error", "A state of which a write was refused cannot be loaded.",
        DamagedStreamChecks::loadAfterRefusedWrite);
  }

  private static void add(CheckPlan plan, String name, String sentence, CheckBody experiment) {
    plan.add(CheckGroup.RESUMING, name, sentence, SpecReferences.SESSIONS, experiment);
  }

  /** Returns a state that there is something to take from. */
  private static byte[] savedState(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = bench.savedState();
    if (state.length < 2) {
      throw VerdictException.notApplicable("the device's state has %d bytes".formatted(state.length));
    }
    if (state.length > Integer.MAX_VALUE / 2 - 1) {
      throw VerdictException.notApplicable("the state is too large to be doubled");
    }
    return state;
  }

  /** Expects that a state is refused by a write, or when RESUMING is left. */
  private static void expectRefusal(CheckContext bench, byte[] state, String words)
      throws VerdictException, DeviceException {
    if (!isRefused(bench, state)) {
      throw VerdictException.failed(words + " is refused, at a write or on leaving RESUMING",
          "it is loaded, and the device is in " + bench.device().state());
    }
  }

  private static boolean isRefused(CheckContext bench, byte[] state)
      throws VerdictException, DeviceException {
    ResumingSession session = bench.openResuming();
    if (Expect.failureOf(() -> bench.sessionIo().write(session, state)).isPresent()) {
      Expect.state(bench, DeviceState.RESUMING, "after a refused write");
      return true;
    }
    if (Expect.failureOf(() -> bench.move(DeviceState.STOP)).isEmpty()) {
      return false;
    }
    DeviceState reached = bench.device().state();
    if (reached != DeviceState.RESUMING && reached != DeviceState.ERROR) {
      throw VerdictException.failed("RESUMING or ERROR after the refusal", reached.toString());
    }
    return true;
  }

  private static void expectCorruptionRefused(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = savedState(bench);
    int[] places = {state.length / 4, state.length / 2, state.length - state.length / 4, state.length - 1};
    for (int at : places) {
      byte[] damaged = state.clone();
      damaged[at] ^= 0x10;
      bench.resetDevice();
      if (!isRefused(bench, damaged)) {
        String observed = "a state with another byte %d of %d is loaded".formatted(at, state.length);
        if (bench.profile().guarantees().contains(DeviceProfile.Guarantee.DETECTS_CORRUPTION)) {
          throw VerdictException.failed("any damage is noticed, as this kind of device promises", observed);
        }
        bench.reportDeviation(observed + "; the device cannot tell damage from data");
        return;
      }
    }
  }

  private static void resetAfterRefusal(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = savedState(bench);
    if (!isRefused(bench, Arrays.copyOf(state, state.length / 2))) {
      throw VerdictException.notApplicable("no state was refused");
    }
    ResetChecks.resetAndExpectRunning(bench);
    bench.load(state);
  }

  private static void loadAfterRefusedWrite(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = savedState(bench);
    ResumingSession session = bench.openResuming();
    boolean refused = Expect.failureOf(() -> {
      bench.sessionIo().write(session, state);
      session.write(bench.sessionIo().buffer(1));
    }).isPresent();
    if (!refused) {
      throw VerdictException.notApplicable("the device refuses no write");
    }
    if (Expect.failureOf(() -> bench.move(DeviceState.STOP)).isEmpty()) {
      bench.reportDeviation(
          "after a refused write the device loads what it has; after any write error, reset it");
    }
  }
}
