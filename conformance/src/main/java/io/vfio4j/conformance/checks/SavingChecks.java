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
final class SavingChecks {

  /** An estimate within this many bytes is accurate. */
  private static final long TOLERANCE_BYTES = 4096;

  private static final int PERCENT = 100;

  private SavingChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.SAVING, "whole", "In STOP_COPY the complete state can be read, to its end.",
        SpecReferences.SESSIONS,
        SavingChecks::readWhole);
    plan.add(CheckGroup.SAVING, "end",
        "In STOP_COPY a read returns data or the end, never ENOMSG.",
        SpecReferences.PRE_COPY, context -> expectEnd(context, context.openSaving(DeviceState.STOP_COPY)));
    plan.add(CheckGroup.SAVING, "end again",
        "After the end of the state, every read returns the end.",
        SpecReferences.SESSIONS, SavingChecks::readPastEnd);
    plan.add(CheckGroup.SAVING, "no pre-copy info", "In STOP_COPY the pre-copy info is refused with EINVAL.",
        SpecReferences.PRE_COPY_INFO, context -> {
          SavingSession session = context.openSaving(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    plan.add(CheckGroup.SAVING, "length",
        "The announced length of the stop-copy data is about the length that can be read.",
        SpecReferences.DATA_SIZE, SavingChecks::compareLength);
    plan.add(CheckGroup.SAVING, "length in any state",
        "The length of the stop-copy data can be queried in any state.",
        SpecReferences.DATA_SIZE, SavingChecks::queryLengths);
  }

  private static void readWhole(CheckContext context) throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    byte[] state = context.sessionIo().readAll(context.openSaving(DeviceState.STOP_COPY));
    if (state.length == 0) {
      context.reportDeviation("the device's state is empty");
    }
    Expect.state(context, DeviceState.STOP_COPY, "after reading");
  }

  static void expectEnd(CheckContext context, SavingSession session)
      throws VerdictException, DeviceException {
    SessionIo.ReadResult result = context.sessionIo().read(session, 1 << 20);
    if (result.end() != SessionIo.ReadEnd.END) {
      throw VerdictException.failed("the end after %d bytes".formatted(result.bytes().length),
          "ENOMSG, though the device is stopped");
    }
  }

  private static void readPastEnd(CheckContext context) throws VerdictException, DeviceException {
    SavingSession session = context.openSaving(DeviceState.STOP_COPY);
    context.sessionIo().readAll(session);
    for (int i = 0; i < 3; i++) {
      long more = context.sessionIo().readByte(session);
      if (more > 0) {
        throw VerdictException.failed("nothing after the end", "more data");
      }
    }
  }

  private static void compareLength(CheckContext context) throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    SavingSession session = context.openSaving(DeviceState.STOP_COPY);
    OptionalLong announced = context.device().stopCopyLength();
    if (announced.isEmpty()) {
      throw VerdictException.notApplicable("the device does not announce a length");
    }
    long actual = context.sessionIo().readAll(session).length;
    long estimate = announced.getAsLong();
    if (estimate < 0 || estimate / 2 > actual + TOLERANCE_BYTES || actual > estimate * 2 + TOLERANCE_BYTES) {
      throw VerdictException.failed(
          "about %d bytes announced in STOP_COPY, the length read".formatted(actual),
          Long.toUnsignedString(estimate));
    }
    if (Math.abs(estimate - actual) > Math.max(TOLERANCE_BYTES, actual / PERCENT)) {
      context
          .reportDeviation("%d bytes are announced in STOP_COPY, %d can be read".formatted(estimate, actual));
    }
  }

  private static void queryLengths(CheckContext context) throws VerdictException, DeviceException {
    if (context.device().stopCopyLength().isEmpty()) {
      throw VerdictException.notApplicable("the device does not announce a length");
    }
    for (DeviceState state : DeviceState.values()) {
      if (state != DeviceState.ERROR && context.features().supports(state)) {
        context.resetDevice();
        context.enterEmpty(state);
        if (context.device().stopCopyLength().isEmpty()) {
          throw VerdictException.failed("an estimate in " + state, "none");
        }
      }
    }
  }
}
