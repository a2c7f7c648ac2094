// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.v1.DeviceStateV1;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Saving and resuming through the data window of version 1, segment by segment. */
final class RegionDataChecks {

  private static final int ALL_AT_ONCE = Integer.MAX_VALUE;
  private static final int ODD_ACCESS = 1009;
  private static final int MAX_SEGMENTS = 1 << 20;

  private RegionDataChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "place", "Each segment lies behind the header and within the region.", context -> {
      RawMigrationRegion region = RawMigrationRegion.of(context);
      saveSegments(context, region);
    });
    add(plan, "whole",
        "In STOP_COPY the complete state can be read in segments; in RESUMING the same segments load it.",
        context -> {
          RawMigrationRegion region = RawMigrationRegion.of(context);
          Optional<DeviceException> failure = load(context, region, saveSegments(context, region));
          if (failure.isPresent()) {
            throw VerdictException.failed("the device loads its own segments, and runs",
                String.valueOf(failure.get().getMessage()));
          }
        });
    add(plan, "end", "In STOP_COPY pending_bytes remains 0 once it is 0.", context -> {
      RawMigrationRegion region = RawMigrationRegion.of(context);
      saveSegments(context, region);
      for (int i = 0; i < 3; i++) {
        long pending = region.pendingBytes();
        if (pending != 0) {
          throw VerdictException.failed("0 pending bytes after the end", Long.toUnsignedString(pending));
        }
      }
    });
    add(plan, "pending again", "Reading pending_bytes again before data_offset changes nothing.",
        RegionDataChecks::readPendingAgain);
    add(plan, "committed",
        "Once data_offset has been read, the segment can be read in any number of accesses, and repeatedly.",
        RegionDataChecks::readCommitted);
    add(plan, "pre-copy", "The segments of PRE_COPY followed by those of STOP_COPY are a complete state.",
        context -> saveFromPreCopy(context, MAX_SEGMENTS));
    add(plan, "left early", "PRE_COPY may be left for STOP_COPY at any number of pending bytes.",
        context -> saveFromPreCopy(context, 0));
    add(plan, "left within a segment",
        "A segment committed in PRE_COPY can be read in STOP_COPY.",
        RegionDataChecks::leaveWithinSegment);
    add(plan, "too long", "In RESUMING a segment that does not fit in the region is refused.", context -> {
      RawMigrationRegion region = RawMigrationRegion.of(context);
      RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.RESUMING);
      region.dataOffset();
      if (Expect.failureOf(() -> region.set(MigrationRegionField.DATA_SIZE, region.size())).isEmpty()) {
        throw VerdictException.failed("a segment of %d bytes is refused".formatted(region.size()),
            "it is accepted");
      }
      DeviceStateV1 state = region.state();
      if (!state.equals(DeviceStateV1.RESUMING) && !state.isError()) {
        throw VerdictException.failed("RESUMING or ERROR after the refusal", state.toString());
      }
    });
    add(plan, "outside",
        "Outside SAVING and RESUMING the fields are undefined, but accessing them does not change the state.",
        RegionDataChecks::accessOutsideSession);
    add(plan, "reset within a segment",
        "A reset within a segment ends it, and the next save starts from the beginning.",
        context -> {
          RawMigrationRegion region = RawMigrationRegion.of(context);
          RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
          if (region.pendingBytes() != 0) {
            long offset = region.dataOffset();
            region.readData(offset, Math.min(1, region.dataSize(offset)), ALL_AT_ONCE);
          }
          context.resetDevice();
          expectLoad(context, region, saveSegments(context, region),
              "the state saved after the reset can be loaded");
        });
  }

  private static void add(CheckPlan plan, String name, String requirement, CheckBody body) {
    plan.add(CheckGroup.V1_DATA, name, requirement, SpecReferences.REGION, body);
  }

  // Saving.

  /** Exercises the device and returns its segments; the device is in STOP_COPY then. */
  static List<byte[]> saveSegments(CheckContext context, RawMigrationRegion region)
      throws VerdictException, DeviceException {
    context.profile().exercise(context.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
    return readAll(context, region);
  }

  /** Reads all pending segments. */
  static List<byte[]> readAll(CheckContext context, RawMigrationRegion region)
      throws VerdictException, DeviceException {
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0) {
      segments.add(readSegment(region));
      checkBound(context, segments);
    }
    return segments;
  }

  private static byte[] readSegment(RawMigrationRegion region) throws VerdictException, DeviceException {
    long offset = region.dataOffset();
    return region.readData(offset, region.dataSize(offset), ALL_AT_ONCE);
  }

  private static void checkBound(CheckContext context, List<byte[]> segments) throws VerdictException {
    long bytes = segments.stream().mapToLong(segment -> segment.length).sum();
    if (bytes > context.sessionIo().maxState() || segments.size() > MAX_SEGMENTS) {
      throw VerdictException.notApplicable("the state has more than %d bytes, or %d segments"
          .formatted(context.sessionIo().maxState(), MAX_SEGMENTS));
    }
  }

  // Resuming.

  /** Writes segments up to the first that is refused, and returns that refusal. */
  static Optional<DeviceException> writeAll(RawMigrationRegion region, List<byte[]> segments)
      throws VerdictException, DeviceException {
    for (byte[] segment : segments) {
      long offset = region.dataOffset();
      Optional<DeviceException> failure = Expect.failureOf(() -> region.write(offset, segment));
      if (failure.isPresent()) {
        return failure;
      }
    }
    return Optional.empty();
  }

  /** Resets the device, loads segments and sets it running. Returns the failure, if any. */
  private static Optional<DeviceException> load(CheckContext context, RawMigrationRegion region,
      List<byte[]> segments)
      throws VerdictException, DeviceException {
    context.resetDevice();
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.RESUMING);
    Optional<DeviceException> failure = writeAll(region, segments);
    if (failure.isPresent()) {
      return failure;
    }
    failure = Expect.failureOf(() -> region.write(DeviceStateV1.RUNNING));
    if (failure.isEmpty()) {
      RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "with the loaded state");
    }
    return failure;
  }

  /**
   * Expects that segments can be loaded. A device that cannot load segments read the plainest way either is
   * the subject of another check.
   */
  private static void expectLoad(CheckContext context, RawMigrationRegion region, List<byte[]> segments,
      String expected)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = load(context, region, segments);
    if (failure.isEmpty()) {
      return;
    }
    context.resetDevice();
    Optional<DeviceException> plain = load(context, region, saveSegments(context, region));
    if (plain.isPresent()) {
      throw VerdictException.blocked(CheckIds.V1_DATA_WHOLE, "a state that can be loaded",
          String.valueOf(plain.get().getMessage()));
    }
    throw VerdictException.failed(expected, String.valueOf(failure.get().getMessage()));
  }

  // Checks.

  private static void readPendingAgain(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    context.profile().exercise(context.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
    List<byte[]> segments = new ArrayList<>();
    long pending = region.pendingBytes();
    while (pending != 0) {
      for (int i = 0; i < 2; i++) {
        long again = region.pendingBytes();
        if (again != pending) {
          throw VerdictException.failed("%d pending bytes again".formatted(pending),
              Long.toUnsignedString(again));
        }
      }
      segments.add(readSegment(region));
      checkBound(context, segments);
      pending = region.pendingBytes();
    }
    expectLoad(context, region, segments, "the segments read meanwhile are a complete state");
  }

  private static void readCommitted(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    context.profile().exercise(context.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0) {
      long offset = region.dataOffset();
      int size = region.dataSize(offset);
      byte[] first = region.readData(offset, size, ODD_ACCESS);
      if (region.dataOffset() != offset || region.dataSize(offset) != size) {
        throw VerdictException.failed("the same segment, since it was not acknowledged",
            "another offset or size");
      }
      if (!Arrays.equals(first, region.readData(offset, size, ALL_AT_ONCE))) {
        throw VerdictException.failed("the same bytes when a segment is read again", "different bytes");
      }
      segments.add(first);
      checkBound(context, segments);
    }
    expectLoad(context, region, segments, "segments that were read twice are a complete state");
  }

  private static void saveFromPreCopy(CheckContext context, int maxSegments)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    context.profile().exercise(context.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.PRE_COPY);
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0 && segments.size() < maxSegments) {
      segments.add(readSegment(region));
      checkBound(context, segments);
    }
    stopAndFinish(context, region, segments);
  }

  private static void stopAndFinish(CheckContext context, RawMigrationRegion region, List<byte[]> segments)
      throws VerdictException, DeviceException {
    RegionStateChecks.write(region, DeviceStateV1.PRE_COPY, DeviceStateV1.STOP_COPY);
    segments.addAll(readAll(context, region));
    expectLoad(context, region, segments, "the segments of PRE_COPY and STOP_COPY are a complete state");
  }

  private static void leaveWithinSegment(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    context.profile().exercise(context.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.PRE_COPY);
    if (region.pendingBytes() == 0) {
      throw VerdictException.notApplicable("the device has nothing to read before it is stopped");
    }
    long offset = region.dataOffset();
    int size = region.dataSize(offset);
    RegionStateChecks.write(region, DeviceStateV1.PRE_COPY, DeviceStateV1.STOP_COPY);
    List<byte[]> segments = new ArrayList<>();
    Expect.succeeds("the segment can still be read",
        () -> segments.add(region.readData(offset, size, ALL_AT_ONCE)));
    segments.addAll(readAll(context, region));
    expectLoad(context, region, segments, "the segments of PRE_COPY and STOP_COPY are a complete state");
  }

  private static void accessOutsideSession(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    for (DeviceStateV1 state : List.of(DeviceStateV1.RUNNING, DeviceStateV1.STOP)) {
      context.resetDevice();
      RegionStateChecks.enter(context, region, state);
      for (MigrationRegionField field : List.of(MigrationRegionField.PENDING_BYTES,
          MigrationRegionField.DATA_OFFSET, MigrationRegionField.DATA_SIZE)) {
        // The result is undefined; it may be a refusal.
        Expect.failureOf(() -> region.read(field.offset(), field.width()));
      }
      Expect.failureOf(() -> region.set(MigrationRegionField.DATA_SIZE, Long.BYTES));
      Expect.failureOf(() -> region.read(region.size() - Long.BYTES, Long.BYTES));
      Expect.failureOf(() -> region.writeZeros(region.size() - Long.BYTES, Long.BYTES));
      RegionFieldChecks.expectField(region, state, "after the fields were accessed");
    }
    context.resetDevice();
    expectLoad(context, region, saveSegments(context, region),
        "the device can be saved and loaded afterwards");
  }
}
