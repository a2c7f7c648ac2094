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

/** Writing states that are truncated, too long, corrupted, foreign or empty. */
final class DamagedStreamChecks {

  private static final int HEAD_BYTES = 8;
  private static final int FOREIGN_BYTES = 64;

  private DamagedStreamChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "empty", "RESUMING cannot be left for STOP before anything has been written.",
        context -> expectRefusal(context, new byte[0], "an empty state"));
    add(plan, "short by a byte", "A state without its last byte is refused.",
        context -> {
          byte[] state = savedState(context);
          expectRefusal(context, Arrays.copyOf(state, state.length - 1), "a state without its last byte");
        });
    add(plan, "half", "Half a state is refused.", context -> {
      byte[] state = savedState(context);
      expectRefusal(context, Arrays.copyOf(state, state.length / 2), "half a state");
    });
    add(plan, "head only", "The first bytes of a state are refused.", context -> {
      byte[] state = savedState(context);
      expectRefusal(context, Arrays.copyOf(state, Math.min(HEAD_BYTES, state.length - 1)),
          "the first bytes of a state");
    });
    add(plan, "long by a byte", "A state with an extra byte is refused.", context -> {
      byte[] state = savedState(context);
      expectRefusal(context, Arrays.copyOf(state, state.length + 1), "a state with an extra byte");
    });
    add(plan, "twice", "A state followed by itself is refused.", context -> {
      byte[] state = savedState(context);
      expectRefusal(context, SessionIo.concat(state, state), "a state followed by itself");
    });
    add(plan, "foreign", "Data that is not a state of such a device is refused.", context -> {
      byte[] state = savedState(context).clone();
      for (int i = 0; i < Math.min(FOREIGN_BYTES, state.length); i++) {
        state[i] ^= (byte) 0xff;
      }
      expectRefusal(context, state, "a state with another head");
    });
    add(plan, "damaged", "A state with a changed byte is refused, if the device detects corruption.",
        DamagedStreamChecks::expectCorruptionRefused);
    add(plan, "reset after", "After a refused state, a reset makes the device usable again.",
        DamagedStreamChecks::resetAfterRefusal);
    add(plan, "on after an error", "A state one of whose writes was refused cannot be loaded.",
        DamagedStreamChecks::loadAfterRefusedWrite);
  }

  private static void add(CheckPlan plan, String name, String requirement, CheckBody body) {
    plan.add(CheckGroup.RESUMING, name, requirement, SpecReferences.SESSIONS, body);
  }

  /** Returns a state that is long enough to truncate and short enough to double. */
  private static byte[] savedState(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = context.savedState();
    if (state.length < 2) {
      throw VerdictException.notApplicable("the device's state has %d bytes".formatted(state.length));
    }
    if (state.length > Integer.MAX_VALUE / 2 - 1) {
      throw VerdictException.notApplicable("the state is too large to be doubled");
    }
    return state;
  }

  /** Expects that a state is refused, by a write or on leaving RESUMING. */
  private static void expectRefusal(CheckContext context, byte[] state, String label)
      throws VerdictException, DeviceException {
    if (!isRefused(context, state)) {
      throw VerdictException.failed(label + " is refused, at a write or on leaving RESUMING",
          "it is loaded, and the device is in " + context.device().state());
    }
  }

  private static boolean isRefused(CheckContext context, byte[] state)
      throws VerdictException, DeviceException {
    ResumingSession session = context.openResuming();
    if (Expect.failureOf(() -> context.sessionIo().write(session, state)).isPresent()) {
      Expect.state(context, DeviceState.RESUMING, "after a refused write");
      return true;
    }
    if (Expect.failureOf(() -> context.move(DeviceState.STOP)).isEmpty()) {
      return false;
    }
    DeviceState reached = context.device().state();
    if (reached != DeviceState.RESUMING && reached != DeviceState.ERROR) {
      throw VerdictException.failed("RESUMING or ERROR after the refusal", reached.toString());
    }
    return true;
  }

  private static void expectCorruptionRefused(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = savedState(context);
    int[] offsets = {state.length / 4, state.length / 2, state.length - state.length / 4, state.length - 1};
    for (int at : offsets) {
      byte[] damaged = state.clone();
      damaged[at] ^= 0x10;
      context.resetDevice();
      if (!isRefused(context, damaged)) {
        String observed = "a state whose byte %d of %d was changed is loaded".formatted(at, state.length);
        if (context.profile().guarantees().contains(DeviceProfile.Guarantee.DETECTS_CORRUPTION)) {
          throw VerdictException.failed("corruption is detected, as this kind of device guarantees",
              observed);
        }
        context.reportDeviation(observed + "; the device does not detect corruption");
        return;
      }
    }
  }

  private static void resetAfterRefusal(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = savedState(context);
    if (!isRefused(context, Arrays.copyOf(state, state.length / 2))) {
      throw VerdictException.notApplicable("the device refuses no state");
    }
    ResetChecks.resetAndExpectRunning(context);
    context.load(state);
  }

  private static void loadAfterRefusedWrite(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = savedState(context);
    ResumingSession session = context.openResuming();
    boolean refused = Expect.failureOf(() -> {
      context.sessionIo().write(session, state);
      session.write(context.sessionIo().buffer(1));
    }).isPresent();
    if (!refused) {
      throw VerdictException.notApplicable("the device refuses no write");
    }
    if (Expect.failureOf(() -> context.move(DeviceState.STOP)).isEmpty()) {
      context.reportDeviation(
          "after a refused write the device loads what it received; reset it after any write error");
    }
  }
}
