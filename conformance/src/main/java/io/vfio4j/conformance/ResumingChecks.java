// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import java.util.Arrays;
import java.util.Optional;

/** Writing a state that is whole. */
final class ResumingChecks {

  static final String WHOLE = "resuming/whole";

  /** Sizes of reads and writes that no record of a stream is likely to have. */
  private static final int[] ODD_SIZES = {1, 3, 7, 13, 61, 509};
  private static final int ODD_BYTES = 4096;
  private static final int LARGE_ODD = 65_537;

  private ResumingChecks() {
  }

  static void addTo(Plan plan) {
    plan.add(Group.RESUMING, "whole",
        "A state that was read in STOP_COPY can be written in RESUMING and loaded.",
        Sources.SESSIONS, bench -> {
          byte[] state = bench.whole();
          loadAndRun(bench, bench.resume(), state, 1 << 20);
        });
    plan.add(Group.RESUMING, "in pieces", "The bytes of a state may be written in pieces of any size.",
        Sources.SESSIONS, ResumingChecks::loadInPieces);
    plan.add(Group.RESUMING, "read in pieces", "A state that was read in pieces of any size can be loaded.",
        Sources.SESSIONS, ResumingChecks::readInPieces);
    plan.add(Group.RESUMING, "in is out",
        "A state that was loaded into a stopped device comes out of it again.",
        Sources.IN_IS_OUT, ResumingChecks::inIsOut);
    plan.add(Group.RESUMING, "again", "A device that was loaded can be loaded again without a reset between.",
        Sources.ARCS, bench -> {
          byte[] state = bench.whole();
          bench.load(state);
          loadAndRun(bench, bench.resume(), state, 1 << 20);
        });
  }

  private static void loadAndRun(Bench bench, ResumingSession session, byte[] state, int atOnce)
      throws Judgement, DeviceException {
    Expect.works("the device takes its own state of %d bytes, and runs".formatted(state.length), () -> {
      bench.streams().write(session, state, 0, state.length, atOnce);
      bench.move(DeviceState.STOP);
      bench.move(DeviceState.RUNNING);
    });
    Expect.state(bench, DeviceState.RUNNING, "with the state that was loaded");
  }

  private static void loadInPieces(Bench bench) throws Judgement, DeviceException {
    byte[] state = bench.whole();
    ResumingSession session = bench.resume();
    Optional<DeviceException> failure = Expect.failure(() -> {
      writeInPieces(bench.streams(), session, state);
      bench.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireWhole(bench, state);
      throw Judgement.failed("a state in pieces is taken as one in large writes is",
          String.valueOf(failure.get().getMessage()));
    }
  }

  private static void writeInPieces(Streams streams, ResumingSession session, byte[] state)
      throws DeviceException {
    int at = 0;
    for (int i = 0; at < Math.min(state.length, ODD_BYTES); i++) {
      int end = Math.min(state.length, at + ODD_SIZES[i % ODD_SIZES.length]);
      streams.write(session, state, at, end, ODD_BYTES);
      at = end;
    }
    streams.write(session, state, at, state.length, LARGE_ODD);
  }

  private static void readInPieces(Bench bench) throws Judgement, DeviceException {
    bench.known().exercise(bench.probe());
    var session = bench.save(DeviceState.STOP_COPY);
    Streams.Piece head = bench.streams().read(session, 7, ODD_BYTES);
    byte[] state = head.bytes();
    if (head.stop() == Streams.Stop.ENOUGH) {
      state = Streams.joined(state, bench.streams().read(session, LARGE_ODD).bytes());
    }
    bench.refresh();
    loadRead(bench, state);
  }

  private static void loadRead(Bench bench, byte[] state) throws Judgement, DeviceException {
    ResumingSession target = bench.resume();
    Optional<DeviceException> failure = Expect.failure(() -> {
      bench.streams().write(target, state);
      bench.move(DeviceState.STOP);
    });
    if (failure.isPresent()) {
      requireWhole(bench, bench.whole());
      throw Judgement.failed("a state that was read in pieces can be loaded",
          String.valueOf(failure.get().getMessage()));
    }
  }

  /** Makes sure that it is the pieces that matter, since a device that takes no state at all is another's matter. */
  private static void requireWhole(Bench bench, byte[] state) throws Judgement, DeviceException {
    bench.refresh();
    bench.load(state);
    bench.refresh();
  }

  private static void inIsOut(Bench bench) throws Judgement, DeviceException {
    byte[] in = bench.whole();
    bench.load(in);
    byte[] out = bench.streams().readAll(bench.save(DeviceState.STOP_COPY));
    int at = Arrays.mismatch(in, out);
    if (at < 0) {
      return;
    }
    String observed = "%d bytes went in, %d came out, the first that differs is byte %d".formatted(in.length,
        out.length, at);
    if (bench.known().claims().contains(KnownDevice.Claim.IN_IS_OUT)) {
      throw Judgement.failed("the same bytes, as this kind of device promises", observed);
    }
    bench.deviates(observed + "; no rule forbids it, but this device cannot be checked so");
  }
}
