// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SessionIo;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionResult;
import java.util.Optional;
import java.util.OptionalLong;

/** Reading the state of a running device. */
final class PreCopyChecks {

  private PreCopyChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "info", "In PRE_COPY the pre-copy info reports initial data.", SpecReferences.PRE_COPY_INFO,
        context -> expectInfo(context, DeviceState.PRE_COPY));
    add(plan, "info in PRE_COPY_P2P", "In PRE_COPY_P2P the pre-copy info reports initial data.",
        SpecReferences.PRE_COPY_INFO, context -> {
          context.require(MigrationFeature.P2P);
          expectInfo(context, DeviceState.PRE_COPY_P2P);
        });
    add(plan, "initial bytes fall", "The initial bytes decrease as data is read.",
        SpecReferences.PRE_COPY_INFO,
        PreCopyChecks::expectInitialBytesDecrease);
    add(plan, "temporary end",
        "Before the device is stopped, a read without data returns ENOMSG, never the end.",
        SpecReferences.PRE_COPY, PreCopyChecks::expectTemporaryEnd);
    add(plan, "no info after STOP_COPY",
        "Once the device is in STOP_COPY, the pre-copy info is refused with EINVAL.",
        SpecReferences.PRE_COPY_INFO, context -> {
          SavingSession session = context.openSaving(DeviceState.PRE_COPY);
          context.enter(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    add(plan, "whole", "Pre-copy data followed by stop-copy data is a complete state.",
        SpecReferences.SESSIONS,
        context -> {
          int limit = readLimit(context);
          SavingSession session = begin(context, DeviceState.PRE_COPY);
          byte[] head = context.sessionIo().read(session, 1 << 20, limit).bytes();
          finish(context, session, head);
        });
    add(plan, "nothing read", "PRE_COPY may be left for STOP_COPY before anything has been read.",
        SpecReferences.PRE_COPY,
        context -> finish(context, begin(context, DeviceState.PRE_COPY), new byte[0]));
    add(plan, "left early", "PRE_COPY may be left for STOP_COPY before all initial data has been read.",
        SpecReferences.PRE_COPY,
        context -> {
          SavingSession session = begin(context, DeviceState.PRE_COPY);
          byte[] head = context.sessionIo().read(session, 5, 5).bytes();
          finish(context, session, head);
        });
    add(plan, "given up", "PRE_COPY may be left for RUNNING and entered again, for another complete state.",
        SpecReferences.SESSIONS, context -> {
          int limit = readLimit(context);
          context.sessionIo().readByte(begin(context, DeviceState.PRE_COPY));
          context.enter(DeviceState.RUNNING);
          SavingSession session = begin(context, DeviceState.PRE_COPY);
          byte[] head = context.sessionIo().read(session, 1 << 20, limit).bytes();
          finish(context, session, head);
        });
  }

  private static void add(CheckPlan plan, String name, String requirement, String reference, CheckBody body) {
    plan.add(CheckGroup.PRE_COPY, name, requirement, reference, context -> {
      context.require(MigrationFeature.PRE_COPY);
      body.run(context);
    });
  }

  /**
   * Returns the number of bytes to read before the device is stopped, since a device that changes faster than
   * it is read never runs out of data. Called in RUNNING, where every device reports its length.
   */
  private static int readLimit(CheckContext context) throws DeviceException {
    OptionalLong length = context.device().stopCopyLength();
    return (int) Math.clamp(2 * length.orElse(0) + (64 << 20), 0L, context.sessionIo().maxState());
  }

  private static SavingSession begin(CheckContext context, DeviceState state)
      throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    return context.openSaving(state);
  }

  private static PreCopyInfo info(SavingSession session) throws VerdictException, DeviceException {
    Optional<PreCopyInfo> info = session.preCopyInfo();
    if (info.isEmpty()) {
      throw VerdictException.notApplicable("this connection to the device has no pre-copy info");
    }
    return info.get();
  }

  private static void expectInfo(CheckContext context, DeviceState state)
      throws VerdictException, DeviceException {
    context.requireVersion2();
    if (info(begin(context, state)).initialBytes() == 0) {
      context.reportDeviation(
          "initial_bytes is 0 at the start; it should be the size of the data needed to load the rest fast");
    }
  }

  private static void expectInitialBytesDecrease(CheckContext context)
      throws VerdictException, DeviceException {
    context.requireVersion2();
    SavingSession session = begin(context, DeviceState.PRE_COPY);
    long before = info(session).initialBytes();
    long read = context.sessionIo().readByte(session);
    PreCopyInfo after = info(session);
    if (read <= 0 || before == 0) {
      context.reportDeviation("there is no initial data to read at the start");
    } else if (!after.reinit() && Long.compareUnsigned(after.initialBytes(), before) >= 0) {
      throw VerdictException.failed("less than %s initial bytes after %d bytes were read"
          .formatted(Long.toUnsignedString(before), read), Long.toUnsignedString(after.initialBytes()));
    }
  }

  private static void expectTemporaryEnd(CheckContext context) throws VerdictException, DeviceException {
    int limit = readLimit(context);
    SavingSession session = begin(context, DeviceState.PRE_COPY);
    SessionIo.ReadResult result = context.sessionIo().read(session, 1 << 20, limit);
    switch (result.end()) {
      case NOTHING_NOW -> Expect.state(context, DeviceState.PRE_COPY, "after reading");
      case LIMIT -> context.reportDeviation("more than %d bytes can be read without an end".formatted(limit));
      case END ->
        throw VerdictException.failed("ENOMSG after %d bytes".formatted(result.bytes().length),
            "the end of the state, though the device still runs");
    }
  }

  /** Stops the device, reads the rest, and loads the complete state. */
  private static void finish(CheckContext context, SavingSession session, byte[] head)
      throws VerdictException, DeviceException {
    TransitionResult reached = context.enter(DeviceState.STOP_COPY);
    // A device that begins another session here is wrong, but then that session has the rest.
    SavingSession rest = reached.session().orElse(null) instanceof SavingSession other ? other : session;
    byte[] tail = context.sessionIo().readAll(rest);
    context.resetDevice();
    context.load(SessionIo.concat(head, tail));
  }
}
