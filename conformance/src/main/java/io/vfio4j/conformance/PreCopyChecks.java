// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

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

  static void addTo(Plan plan) {
    add(plan, "info", "In PRE_COPY the pre-copy info tells of initial data.", Sources.PRE_COPY_INFO,
        bench -> expectInfo(bench, DeviceState.PRE_COPY));
    add(plan, "info in PRE_COPY_P2P", "In PRE_COPY_P2P the pre-copy info tells of initial data.",
        Sources.PRE_COPY_INFO, bench -> {
          bench.needs(MigrationFeature.P2P);
          expectInfo(bench, DeviceState.PRE_COPY_P2P);
        });
    add(plan, "initial bytes fall", "The initial bytes get fewer as data is read.", Sources.PRE_COPY_INFO,
        PreCopyChecks::expectFall);
    add(plan, "temporary end",
        "Before the device is stopped, the end of the data is \"nothing now\" (ENOMSG), never the end.",
        Sources.PRE_COPY, PreCopyChecks::expectTemporaryEnd);
    add(plan, "no info after STOP_COPY",
        "Once the device is in STOP_COPY the pre-copy info is refused with EINVAL.",
        Sources.PRE_COPY_INFO, bench -> {
          SavingSession session = bench.save(DeviceState.PRE_COPY);
          bench.go(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    add(plan, "whole", "Pre-copy data and then stop-copy data are a whole state.", Sources.SESSIONS,
        bench -> {
          int enough = enough(bench);
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.streams().read(session, 1 << 20, enough).bytes();
          finish(bench, session, head);
        });
    add(plan, "nothing read", "PRE_COPY may be left for STOP_COPY before anything was read.",
        Sources.PRE_COPY,
        bench -> finish(bench, begin(bench, DeviceState.PRE_COPY), new byte[0]));
    add(plan, "left early", "PRE_COPY may be left for STOP_COPY while there is initial data.",
        Sources.PRE_COPY,
        bench -> {
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.streams().read(session, 5, 5).bytes();
          finish(bench, session, head);
        });
    add(plan, "given up", "PRE_COPY may be left for RUNNING and entered again, for a whole state anew.",
        Sources.SESSIONS, bench -> {
          int enough = enough(bench);
          bench.streams().touch(begin(bench, DeviceState.PRE_COPY));
          bench.go(DeviceState.RUNNING);
          SavingSession session = begin(bench, DeviceState.PRE_COPY);
          byte[] head = bench.streams().read(session, 1 << 20, enough).bytes();
          finish(bench, session, head);
        });
  }

  private static void add(Plan plan, String name, String sentence, String source, Experiment experiment) {
    plan.add(Group.PRE_COPY, name, sentence, source, bench -> {
      bench.needs(MigrationFeature.PRE_COPY);
      experiment.run(bench);
    });
  }

  /**
   * A device that changes faster than it is read never ends; returns how many bytes are enough of it. Asked in
   * RUNNING, where every device can tell its length.
   */
  private static int enough(Bench bench) throws DeviceException {
    OptionalLong length = bench.device().stopCopyLength();
    return (int) Math.clamp(2 * length.orElse(0) + (64 << 20), 0L, bench.streams().mostState());
  }

  private static SavingSession begin(Bench bench, DeviceState state) throws Judgement, DeviceException {
    bench.known().exercise(bench.probe());
    return bench.save(state);
  }

  private static PreCopyInfo info(SavingSession session) throws Judgement, DeviceException {
    Optional<PreCopyInfo> info = session.preCopyInfo();
    if (info.isEmpty()) {
      throw Judgement.notApplicable("there is no pre-copy info on this way to the device");
    }
    return info.get();
  }

  private static void expectInfo(Bench bench, DeviceState state) throws Judgement, DeviceException {
    bench.needsVersion2();
    if (info(begin(bench, state)).initialBytes() == 0) {
      bench.deviates(
          "initial_bytes is 0 at the start; it should tell of the data needed to load the rest fast");
    }
  }

  private static void expectFall(Bench bench) throws Judgement, DeviceException {
    bench.needsVersion2();
    SavingSession session = begin(bench, DeviceState.PRE_COPY);
    long before = info(session).initialBytes();
    long read = bench.streams().touch(session);
    PreCopyInfo after = info(session);
    if (read <= 0 || before == 0) {
      bench.deviates("there is no initial data to read at once");
    } else if (!after.reinit() && Long.compareUnsigned(after.initialBytes(), before) >= 0) {
      throw Judgement.failed("less than %s initial bytes once %d bytes were read"
          .formatted(Long.toUnsignedString(before), read), Long.toUnsignedString(after.initialBytes()));
    }
  }

  private static void expectTemporaryEnd(Bench bench) throws Judgement, DeviceException {
    int enough = enough(bench);
    SavingSession session = begin(bench, DeviceState.PRE_COPY);
    Streams.Piece piece = bench.streams().read(session, 1 << 20, enough);
    switch (piece.stop()) {
      case NOTHING_NOW -> Expect.state(bench, DeviceState.PRE_COPY, "after reading");
      case ENOUGH -> bench.deviates("more than %d bytes can be read without an end".formatted(enough));
      case END -> throw Judgement.failed("\"nothing now\" after %d bytes".formatted(piece.bytes().length),
          "the end of the state, though the device still runs");
    }
  }

  /** Stops the device, reads the rest, and loads it all. */
  private static void finish(Bench bench, SavingSession session, byte[] head)
      throws Judgement, DeviceException {
    TransitionResult reached = bench.go(DeviceState.STOP_COPY);
    // A device that begins another session here is wrong, but then the rest comes from that one.
    SavingSession rest = reached.session().orElse(null) instanceof SavingSession other ? other : session;
    byte[] tail = bench.streams().readAll(rest);
    bench.refresh();
    bench.load(Streams.joined(head, tail));
  }
}
