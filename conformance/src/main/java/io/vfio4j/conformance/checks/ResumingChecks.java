// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

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

import java.util.Optional;

/** Writing a complete state. */
final class ResumingChecks {

  /** Sizes of reads and writes that are unlikely to match the records of a stream. */
  private static final int[] ODD_SIZES = {1, 3, 7, 13, 61, 509};
  private static final int ODD_BYTES = 4096;
  private static final int LARGE_ODD = 65_537;

  private ResumingChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.RESUMING, "whole",
        "A state read in STOP_COPY can be written in RESUMING and loaded.",
        SpecReferences.SESSIONS, context -> {
          byte[] state = context.savedState();
          loadAndRun(context, context.openResuming(), state, 1 << 20);
        });
    plan.add(CheckGroup.RESUMING, "in pieces", "The bytes of a state may be written in pieces of any size.",
        SpecReferences.SESSIONS, ResumingChecks::loadInPieces);
    plan.add(CheckGroup.RESUMING, "read in pieces",
        "A state read in pieces of any size can be loaded.",
        SpecReferences.SESSIONS, ResumingChecks::readInPieces);
    plan.add(CheckGroup.RESUMING, "in is out",
        "A state loaded into a stopped device is read back unchanged.",
        SpecReferences.ROUND_TRIP, ResumingChecks::expectRoundTrip);
    plan.add(CheckGroup.RESUMING, "again",
        "A device that has loaded a state can load another without a reset.",
        SpecReferences.ARCS, context -> {
          byte[] state = context.savedState();
          context.load(state);
          loadAndRun(context, context.openResuming(), state, 1 << 20);
        });
  }

  private static void loadAndRun(CheckContext context, ResumingSession session, byte[] state, int chunk)
      throws VerdictException, DeviceException {
    Expect.succeeds("the device loads its own state of %d bytes, and runs".formatted(state.length), () -> {
      context.sessionIo().write(session, state, 0, state.length, chunk);
      context.move(DeviceState.STOP);
      context.move(DeviceState.RUNNING);
    });
    Expect.state(context, DeviceState.RUNNING, "with the loaded state");
  }

  private static void loadInPieces(CheckContext context) throws VerdictException, DeviceException {
    byte[] state = context.savedState();
    ResumingSession session = context.openResuming();
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      writeInPieces(context.sessionIo(), session, state);
      context.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireLoadable(context, state);
      throw VerdictException.failed("a state written in pieces is loaded like one in large writes",
          String.valueOf(failure.get().getMessage()));
    }
  }

  private static void writeInPieces(SessionIo sessionIo, ResumingSession session, byte[] state)
      throws DeviceException {
    int at = 0;
    for (int i = 0; at < Math.min(state.length, ODD_BYTES); i++) {
      int end = Math.min(state.length, at + ODD_SIZES[i % ODD_SIZES.length]);
      sessionIo.write(session, state, at, end, ODD_BYTES);
      at = end;
    }
    sessionIo.write(session, state, at, state.length, LARGE_ODD);
  }

  private static void readInPieces(CheckContext context) throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    var session = context.openSaving(DeviceState.STOP_COPY);
    SessionIo.ReadResult head = context.sessionIo().read(session, 7, ODD_BYTES);
    byte[] state = head.bytes();
    if (head.end() == SessionIo.ReadEnd.LIMIT) {
      state = SessionIo.concat(state, context.sessionIo().read(session, LARGE_ODD).bytes());
    }
    context.resetDevice();
    loadRead(context, state);
  }

  private static void loadRead(CheckContext context, byte[] state) throws VerdictException, DeviceException {
    ResumingSession target = context.openResuming();
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      context.sessionIo().write(target, state);
      context.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireLoadable(context, context.savedState());
      throw VerdictException.failed("a state read in pieces can be loaded",
          String.valueOf(failure.get().getMessage()));
    }
  }

  /**
   * Ensures that the pieces are the cause: a device that loads no state at all is the subject of another
   * check.
   */
  private static void requireLoadable(CheckContext context, byte[] state)
      throws VerdictException, DeviceException {
    context.resetDevice();
    context.load(state);
    context.resetDevice();
  }

  private static void expectRoundTrip(CheckContext context) throws VerdictException, DeviceException {
    byte[] in = context.savedState();
    context.load(in);
    byte[] out = context.sessionIo().readAll(context.openSaving(DeviceState.STOP_COPY));
    Optional<String> observed = Expect.difference(in, out);
    if (observed.isEmpty()) {
      return;
    }
    if (context.profile().guarantees().contains(DeviceProfile.Guarantee.ROUND_TRIP)) {
      throw VerdictException.failed("the same bytes, as this kind of device guarantees", observed.get());
    }
    context
        .reportDeviation(observed.get() + "; this is allowed, but it prevents checking the device this way");
  }
}
