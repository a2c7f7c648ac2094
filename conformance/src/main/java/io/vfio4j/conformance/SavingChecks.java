// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.SavingSession;
import java.util.OptionalLong;

/** Reading the state of a stopped device. */
final class SavingChecks {

  static final String WHOLE = "saving/whole";

  /** An estimate that is wrong by no more than this misleads nobody. */
  private static final long SMALL = 4096;

  private static final int PERCENT = 100;

  private SavingChecks() {
  }

  static void addTo(Plan plan) {
    plan.add(Group.SAVING, "whole", "In STOP_COPY the whole state can be read, to its end.", Sources.SESSIONS,
        SavingChecks::readWhole);
    plan.add(Group.SAVING, "end",
        "In STOP_COPY a read gives data or the end, never \"nothing now\" (ENOMSG).",
        Sources.PRE_COPY, bench -> expectEnd(bench, bench.save(DeviceState.STOP_COPY)));
    plan.add(Group.SAVING, "end again",
        "After the end of the state there is nothing more, however often one asks.",
        Sources.SESSIONS, SavingChecks::readOn);
    plan.add(Group.SAVING, "no pre-copy info", "In STOP_COPY the pre-copy info is refused with EINVAL.",
        Sources.PRE_COPY_INFO, bench -> {
          SavingSession session = bench.save(DeviceState.STOP_COPY);
          Expect.refused("pre-copy info in STOP_COPY", session::preCopyInfo, Errno.EINVAL);
        });
    plan.add(Group.SAVING, "length",
        "The announced length of the stop-copy data is about what there is to read.",
        Sources.DATA_SIZE, SavingChecks::compareLength);
    plan.add(Group.SAVING, "length in any state",
        "The length of the stop-copy data can be asked for in any state.",
        Sources.DATA_SIZE, SavingChecks::askLengths);
  }

  private static void readWhole(Bench bench) throws Judgement, DeviceException {
    bench.known().exercise(bench.probe());
    byte[] state = bench.streams().readAll(bench.save(DeviceState.STOP_COPY));
    if (state.length == 0) {
      bench.deviates("the device has an empty state");
    }
    Expect.state(bench, DeviceState.STOP_COPY, "after reading");
  }

  static void expectEnd(Bench bench, SavingSession session) throws Judgement, DeviceException {
    Streams.Piece piece = bench.streams().read(session, 1 << 20);
    if (piece.stop() != Streams.Stop.END) {
      throw Judgement.failed("the end after %d bytes".formatted(piece.bytes().length),
          "\"nothing now\" (ENOMSG), though the device is stopped");
    }
  }

  private static void readOn(Bench bench) throws Judgement, DeviceException {
    SavingSession session = bench.save(DeviceState.STOP_COPY);
    bench.streams().readAll(session);
    for (int i = 0; i < 3; i++) {
      long more = bench.streams().touch(session);
      if (more > 0) {
        throw Judgement.failed("nothing after the end", "more data");
      }
    }
  }

  private static void compareLength(Bench bench) throws Judgement, DeviceException {
    bench.known().exercise(bench.probe());
    SavingSession session = bench.save(DeviceState.STOP_COPY);
    OptionalLong announced = bench.device().stopCopyLength();
    if (announced.isEmpty()) {
      throw Judgement.notApplicable("the device gives no estimate");
    }
    long actual = bench.streams().readAll(session).length;
    long estimate = announced.getAsLong();
    if (estimate < 0 || estimate / 2 > actual + SMALL || actual > estimate * 2 + SMALL) {
      throw Judgement.failed(
          "about %d bytes announced in STOP_COPY, which is what there is".formatted(actual),
          Long.toUnsignedString(estimate));
    }
    if (Math.abs(estimate - actual) > Math.max(SMALL, actual / PERCENT)) {
      bench.deviates("%d bytes are announced in STOP_COPY, %d can be read".formatted(estimate, actual));
    }
  }

  private static void askLengths(Bench bench) throws Judgement, DeviceException {
    if (bench.device().stopCopyLength().isEmpty()) {
      throw Judgement.notApplicable("the device gives no estimate");
    }
    for (DeviceState state : DeviceState.values()) {
      if (state != DeviceState.ERROR && bench.features().supports(state)) {
        bench.refresh();
        if (state == DeviceState.RESUMING) {
          bench.resume();
        } else {
          bench.goFromRunning(state);
        }
        if (bench.device().stopCopyLength().isEmpty()) {
          throw Judgement.failed("an estimate in " + state, "none");
        }
      }
    }
  }
}
