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
import java.util.Arrays;
import java.util.Optional;

/** Writing a state that is whole. */
public final class ResumingChecks {

  public static final String WHOLE = "resuming/whole";

  /** Sizes of reads and writes that no record of a stream is likely to have. */
  private static final int[] ODD_SIZES = {1, 3, 7, 13, 61, 509};
  private static final int ODD_BYTES = 4096;
  private static final int LARGE_ODD = 65_537;

  private ResumingChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.RESUMING, "whole",
        "A state that was read in STOP_COPY can be written in RESUMING and loaded.",
        SpecReferences.SESSIONS, bench -> {
          byte[] state = bench.savedState();
          loadAndRun(bench, bench.openResuming(), state, 1 << 20);
        });
    plan.add(CheckGroup.RESUMING, "in pieces", "The bytes of a state may be written in pieces of any size.",
        SpecReferences.SESSIONS, ResumingChecks::loadInPieces);
    plan.add(CheckGroup.RESUMING, "read in pieces",
        "A state that was read in pieces of any size can be loaded.",
        SpecReferences.SESSIONS, ResumingChecks::readInPieces);
    plan.add(CheckGroup.RESUMING, "in is out",
        "A state that was loaded into a stopped device comes out of it again.",
        SpecReferences.ROUND_TRIP, ResumingChecks::expectRoundTrip);
    plan.add(CheckGroup.RESUMING, "again",
        "A device that was loaded can be loaded again without a reset between.",
        SpecReferences.ARCS, bench -> {
          byte[] state = bench.savedState();
          bench.load(state);
          loadAndRun(bench, bench.openResuming(), state, 1 << 20);
        });
  }

  private static void loadAndRun(CheckContext bench, ResumingSession session, byte[] state, int atOnce)
      throws VerdictException, DeviceException {
    Expect.succeeds("the device takes its own state of %d bytes, and runs".formatted(state.length), () -> {
      bench.sessionIo().write(session, state, 0, state.length, atOnce);
      bench.move(DeviceState.STOP);
      bench.move(DeviceState.RUNNING);
    });
    Expect.state(bench, DeviceState.RUNNING, "with the state that was loaded");
  }

  private static void loadInPieces(CheckContext bench) throws VerdictException, DeviceException {
    byte[] state = bench.savedState();
    ResumingSession session = bench.openResuming();
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      writeInPieces(bench.sessionIo(), session, state);
      bench.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireLoadable(bench, state);
      throw VerdictException.failed("a state in pieces is taken as one in large writes is",
          String.valueOf(failure.get().getMessage()));
    }
  }

  private static void writeInPieces(SessionIo streams, ResumingSession session, byte[] state)
      throws DeviceException {
    int at = 0;
    for (int i = 0; at < Math.min(state.length, ODD_BYTES); i++) {
      int end = Math.min(state.length, at + ODD_SIZES[i % ODD_SIZES.length]);
      streams.write(session, state, at, end, ODD_BYTES);
      at = end;
    }
    streams.write(session, state, at, state.length, LARGE_ODD);
  }

  private static void readInPieces(CheckContext bench) throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    var session = bench.openSaving(DeviceState.STOP_COPY);
    SessionIo.ReadResult head = bench.sessionIo().read(session, 7, ODD_BYTES);
    byte[] state = head.bytes();
    if (head.end() == SessionIo.ReadEnd.LIMIT) {
      state = SessionIo.concat(state, bench.sessionIo().read(session, LARGE_ODD).bytes());
    }
    bench.resetDevice();
    loadRead(bench, state);
  }

  private static void loadRead(CheckContext bench, byte[] state) throws VerdictException, DeviceException {
    ResumingSession target = bench.openResuming();
    Optional<DeviceException> failure = Expect.failureOf(() -> {
      bench.sessionIo().write(target, state);
      bench.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireLoadable(bench, bench.savedState());
      throw VerdictException.failed("a state that was read in pieces can be loaded",
          String.valueOf(failure.get().getMessage()));
    }
  }

  /** Makes sure that it is the pieces that matter, since a device that takes no state at all is another's matter. */
  private static void requireLoadable(CheckContext bench, byte[] state)
      throws VerdictException, DeviceException {
    bench.resetDevice();
    bench.load(state);
    bench.resetDevice();
  }

  private static void expectRoundTrip(CheckContext bench) throws VerdictException, DeviceException {
    byte[] in = bench.savedState();
    bench.load(in);
    byte[] out = bench.sessionIo().readAll(bench.openSaving(DeviceState.STOP_COPY));
    int at = Arrays.mismatch(in, out);
    if (at < 0) {
      return;
    }
    String observed = "%d bytes went in, %d came out, the first that differs is byte %d".formatted(in.length,
        out.length, at);
    if (bench.profile().guarantees().contains(DeviceProfile.Guarantee.ROUND_TRIP)) {
      throw VerdictException.failed("the same bytes, as this kind of device promises", observed);
    }
    bench.reportDeviation(observed + "; no rule forbids it, but this device cannot be checked so");
  }
}
