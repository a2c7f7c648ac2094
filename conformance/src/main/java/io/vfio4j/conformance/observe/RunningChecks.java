// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** The DMA log, and the states in which the device runs and its VMM is served. */
final class RunningChecks {

  private static final long PAGE = 4096;
  private static final IovaRange RANGE = new IovaRange(0x10_0000, 16 * PAGE);

  /** Reads in PRE_COPY, of at most 1 MiB each: enough to see the session work, few enough not to load the server. */
  private static final int READS = 4;

  private RunningChecks() {
  }

  static void addTo(ObservationPlan plan) {
    plan.add("DMA log", "The DMA log can be started, reported and stopped.", SpecReferences.LOGGING,
        RunningChecks::useLog);
    plan.add("RUNNING_P2P", "The device enters RUNNING_P2P and returns; its VMM is served there.",
        SpecReferences.CONTROL_HOLD, context -> {
          context.require(MigrationFeature.P2P);
          context.move(DeviceState.RUNNING_P2P);
          context.expectNotHeld();
          context.move(DeviceState.RUNNING);
        });
    plan.add("PRE_COPY",
        "The state can be read in PRE_COPY, and its VMM is served there; on return to RUNNING "
            + "the session ends.",
        SpecReferences.CONTROL_HOLD, context -> {
          context.require(MigrationFeature.PRE_COPY);
          SavingSession session = context.openSaving(DeviceState.PRE_COPY);
          context.expectNotHeld();
          read(context, session);
          context.move(DeviceState.RUNNING);
          expectEnded(context, session);
        });
    plan.add("PRE_COPY_P2P",
        "The device enters PRE_COPY_P2P from PRE_COPY and returns; its VMM is served there.",
        SpecReferences.CONTROL_HOLD, context -> {
          context.require(MigrationFeature.PRE_COPY);
          context.require(MigrationFeature.P2P);
          context.openSaving(DeviceState.PRE_COPY);
          context.move(DeviceState.PRE_COPY_P2P);
          context.expectNotHeld();
          context.move(DeviceState.PRE_COPY);
          context.move(DeviceState.RUNNING);
        });
    plan.add("disconnect in PRE_COPY",
        "If the control client disconnects, the device returns from PRE_COPY to "
            + "RUNNING.",
        SpecReferences.CONTROL_HOLD, context -> {
          context.require(MigrationFeature.PRE_COPY);
          context.openSaving(DeviceState.PRE_COPY);
          reopen(context);
        });
  }

  private static void useLog(ObservationContext context) throws VerdictException, DeviceException {
    DmaLog log =
        context.dmaLog().orElseThrow(() -> VerdictException.notApplicable("the device has no DMA log"));
    long pageSize;
    try {
      pageSize = context.startLog(log, List.of(RANGE), PAGE);
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.EINVAL)) {
        context.reportDeviation("the log cannot be started (EINVAL): the VMM may be using it");
        return;
      }
      throw e;
    }
    if (Long.bitCount(pageSize) != 1) {
      throw VerdictException.failed("a power of two as page size", Long.toUnsignedString(pageSize));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(RANGE, PAGE), Long.BYTES);
      context.report(log, RANGE, PAGE, bitmap);
      context.stopLog();
      Expect.refused("a report after the stop", () -> context.report(log, RANGE, PAGE, bitmap), Errno.EINVAL);
    }
  }

  private static void read(ObservationContext context, SavingSession session)
      throws VerdictException, DeviceException {
    long read = 1;
    for (int i = 0; i < READS && read != SavingSession.NOTHING_NOW; i++) {
      read = context.read(session);
      if (read == SavingSession.END) {
        throw VerdictException.failed("data, or ENOMSG",
            "the end of the state, though the device still runs");
      }
    }
  }

  static void expectEnded(ObservationContext context, SavingSession session)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> context.read(session));
    if (failure.isEmpty() || !failure.get().errno().equals(Errno.ENODEV)) {
      throw VerdictException.failed("a read after the return to RUNNING is refused with ENODEV",
          failure.map(e -> e.errno().toString()).orElse("it succeeds"));
    }
  }

  static void reopen(ObservationContext context) throws VerdictException, DeviceException {
    context.reopen();
    DeviceState state = context.state();
    if (state != DeviceState.RUNNING) {
      throw VerdictException.failed("RUNNING for the next control client", state.toString());
    }
  }
}
