// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SessionIo;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.SavingSession;
import java.util.OptionalLong;

/** Reading the state of a stopped device. */
public final class SavingChecks {

  public static final String WHOLE = "saving/whole";

  /** An estimate that is wrong by no more than this misleads nobody. */
  private static final long TOLERANCE_BYTES = 4096;

  private static final int PERCENT = 100;

  private SavingChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.SAVING, "whole", "In STOP_COPY the whole state can be read, to its end.",
        SpecReferences.SESSIONS,
        SavingChecks::readWhole);
    plan.add(CheckGroup.SAVING, "end",
        "In STOP_COPY a read gives data or the end, never \"nothing now\" (ENOMSG).",
        SpecReferences.PRE_COPY, bench -> expectEnd(bench, bench.openSaving(DeviceState.STOP_COPY)));
    plan.add(CheckGroup.SAVING, "end again",
        "After the end of the state there is nothing more, however often one asks.",
        SpecReferences.SESSIONS, SavingChecks::readPastEnd);
    plan.add(CheckGroup.SAVING, "no pre-copy info", "In STOP_COPY the pre-copy info is refused with EINVAL.",
        SpecReferences.PRE_COPY_INFO, bench -> {
          SavingSession session = bench.openSaving(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    plan.add(CheckGroup.SAVING, "length",
        "The announced length of the stop-copy data is about what there is to read.",
        SpecReferences.DATA_SIZE, SavingChecks::compareLength);
    plan.add(CheckGroup.SAVING, "length in any state",
        "The length of the stop-copy data can be asked for in any state.",
        SpecReferences.DATA_SIZE, SavingChecks::queryLengths);
  }

  private static void readWhole(CheckContext bench) throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    byte[] state = bench.sessionIo().readAll(bench.openSaving(DeviceState.STOP_COPY));
    if (state.length == 0) {
      bench.reportDeviation("the device has an empty state");
    }
    Expect.state(bench, DeviceState.STOP_COPY, "after reading");
  }

  static void expectEnd(CheckContext bench, SavingSession session) throws VerdictException, DeviceException {
    SessionIo.ReadResult piece = bench.sessionIo().read(session, 1 << 20);
    if (piece.end() != SessionIo.ReadEnd.END) {
      throw VerdictException.failed("the end after %d bytes".formatted(piece.bytes().length),
          "\"nothing now\" (ENOMSG), though the device is stopped");
    }
  }

  private static void readPastEnd(CheckContext bench) throws VerdictException, DeviceException {
    SavingSession session = bench.openSaving(DeviceState.STOP_COPY);
    bench.sessionIo().readAll(session);
    for (int i = 0; i < 3; i++) {
      long more = bench.sessionIo().readByte(session);
      if (more > 0) {
        throw VerdictException.failed("nothing after the end", "more data");
      }
    }
  }

  private static void compareLength(CheckContext bench) throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    SavingSession session = bench.openSaving(DeviceState.STOP_COPY);
    OptionalLong announced = bench.device().stopCopyLength();
    if (announced.isEmpty()) {
      throw VerdictException.notApplicable("the device gives no estimate");
    }
    long actual = bench.sessionIo().readAll(session).length;
    long estimate = announced.getAsLong();
    if (estimate < 0 || estimate / 2 > actual + TOLERANCE_BYTES || actual > estimate * 2 + TOLERANCE_BYTES) {
      throw VerdictException.failed(
          "about %d bytes announced in STOP_COPY, which is what there is".formatted(actual),
          Long.toUnsignedString(estimate));
    }
    if (Math.abs(estimate - actual) > Math.max(TOLERANCE_BYTES, actual / PERCENT)) {
      bench
          .reportDeviation("%d bytes are announced in STOP_COPY, %d can be read".formatted(estimate, actual));
    }
  }

  private static void queryLengths(CheckContext bench) throws VerdictException, DeviceException {
    if (bench.device().stopCopyLength().isEmpty()) {
      throw VerdictException.notApplicable("the device gives no estimate");
    }
    for (DeviceState state : DeviceState.values()) {
      if (state != DeviceState.ERROR && bench.features().supports(state)) {
        bench.resetDevice();
        if (state == DeviceState.RESUMING) {
          bench.openResuming();
        } else {
          bench.enterFromRunning(state);
        }
        if (bench.device().stopCopyLength().isEmpty()) {
          throw VerdictException.failed("an estimate in " + state, "none");
        }
      }
    }
  }
}
