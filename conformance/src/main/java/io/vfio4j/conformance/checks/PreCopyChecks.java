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

/** Reading the state of a device that runs. */
final class PreCopyChecks {

  private PreCopyChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "info", "In PRE_COPY the pre-copy info tells of initial data.", SpecReferences.PRE_COPY_INFO,
        bench -> expectInfo(bench, DeviceState.PRE_COPY));
    add(plan, "info in PRE_COPY_P2P", "In PRE_COPY_P2P the pre-copy info tells of initial data.",
        SpecReferences.PRE_COPY_INFO, bench -> {
          bench.require(MigrationFeature.P2P);
          expectInfo(bench, DeviceState.PRE_COPY_P2P);
        });
    add(plan, "initial bytes fall", "The initial bytes get fewer as data is read.",
        SpecReferences.PRE_COPY_INFO,
        PreCopyChecks::expectInitialBytesDecrease);
    add(plan, "temporary end",
        "Before the device is stopped, the end of the data is \"nothing now\" (ENOMSG), never the end.",
        SpecReferences.PRE_COPY, PreCopyChecks::expectTemporaryEnd);
    add(plan, "no info after STOP_COPY",
        "Once the device is in STOP_COPY the pre-copy info is refused with EINVAL.",
        SpecReferences.PRE_COPY_INFO, bench -> {
          SavingSession session = bench.openSaving(DeviceState.PRE_COPY);
          bench.enter(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    add(plan, "whole", "Pre-copy data and then stop-copy data are a whole state.", SpecReferences.SESSIONS,
        bench -> {
          int enough = readLimit(bench);
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.sessionIo().read(session, 1 << 20, enough).bytes();
          finish(bench, session, head);
        });
    add(plan, "nothing read", "PRE_COPY may be left for STOP_COPY before anything was read.",
        SpecReferences.PRE_COPY,
        bench -> finish(bench, begin(bench, DeviceState.PRE_COPY), new byte[0]));
    add(plan, "left early", "PRE_COPY may be left for STOP_COPY while there is initial data.",
        SpecReferences.PRE_COPY,
        bench -> {
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.sessionIo().read(session, 5, 5).bytes();
          finish(bench, session, head);
        });
    add(plan, "given up", "PRE_COPY may be left for RUNNING and entered again, for a whole state anew.",
        SpecReferences.SESSIONS, bench -> {
          int enough = readLimit(bench);
          bench.sessionIo().readByte(begin(bench, DeviceState.PRE_COPY));
          bench.enter(DeviceState.RUNNING);
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.sessionIo().read(session, 1 << 20, enough).bytes();
          finish(bench, session, head);
        });
  }

  private static void add(CheckPlan plan, String name, String sentence, String source, CheckBody experiment) {
    plan.add(CheckGroup.PRE_COPY, name, sentence, source, bench -> {
      bench.require(MigrationFeature.PRE_COPY);
      experiment.run(bench);
    });
  }

  /**
   * A device that changes faster than it is read never ends; returns how many bytes are enough of it. Asked in
   * RUNNING, where every device can tell its length.
   */
  private static int readLimit(CheckContext bench) throws DeviceException {
    OptionalLong length = bench.device().stopCopyLength();
    return (int) Math.clamp(2 * length.orElse(0) + (64 << 20), 0L, bench.sessionIo().maxState());
  }

  private static SavingSession begin(CheckContext bench, DeviceState state)
      throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    return bench.openSaving(state);
  }

  private static PreCopyInfo info(SavingSession session) throws VerdictException, DeviceException {
    Optional<PreCopyInfo> info = session.preCopyInfo();
    if (info.isEmpty()) {
      throw VerdictException.notApplicable("there is no pre-copy info on this way to the device");
    }
    return info.get();
  }

  private static void expectInfo(CheckContext bench, DeviceState state)
      throws VerdictException, DeviceException {
    bench.requireVersion2();
    if (info(begin(bench, state)).initialBytes() == 0) {
      bench.reportDeviation(
          "initial_bytes is 0 at the start; it should tell of the data needed to load the rest fast");
    }
  }

  private static void expectInitialBytesDecrease(CheckContext bench)
      throws VerdictException, DeviceException {
    bench.requireVersion2();
    SavingSession session = begin(bench, DeviceState.PRE_COPY);
    long before = info(session).initialBytes();
    long read = bench.sessionIo().readByte(session);
    PreCopyInfo after = info(session);
    if (read <= 0 || before == 0) {
      bench.reportDeviation("there is no initial data to read at once");
    } else if (!after.reinit() && Long.compareUnsigned(after.initialBytes(), before) >= 0) {
      throw VerdictException.failed("less than %s initial bytes once %d bytes were read"
          .formatted(Long.toUnsignedString(before), read), Long.toUnsignedString(after.initialBytes()));
    }
  }

  private static void expectTemporaryEnd(CheckContext bench) throws VerdictException, DeviceException {
    int enough = readLimit(bench);
    SavingSession session = begin(bench, DeviceState.PRE_COPY);
    SessionIo.ReadResult piece = bench.sessionIo().read(session, 1 << 20, enough);
    switch (piece.end()) {
      case NOTHING_NOW -> Expect.state(bench, DeviceState.PRE_COPY, "after reading");
      case LIMIT -> bench.reportDeviation("more than %d bytes can be read without an end".formatted(enough));
      case END ->
        throw VerdictException.failed("\"nothing now\" after %d bytes".formatted(piece.bytes().length),
            "the end of the state, though the device still runs");
    }
  }

  /** Stops the device, reads the rest, and loads it all. */
  private static void finish(CheckContext bench, SavingSession session, byte[] head)
      throws VerdictException, DeviceException {
    TransitionResult reached = bench.enter(DeviceState.STOP_COPY);
    // A device that begins another session here is wrong, but then the rest comes from that one.
    SavingSession rest = reached.session().orElse(null) instanceof SavingSession other ? other : session;
    byte[] tail = bench.sessionIo().readAll(rest);
    bench.resetDevice();
    bench.load(SessionIo.concat(head, tail));
  }
}
