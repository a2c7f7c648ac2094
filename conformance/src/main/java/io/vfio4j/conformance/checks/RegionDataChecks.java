// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
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

  static final String WHOLE = "v1-data/whole";
  static final String PLACE = "v1-data/place";

  private static final int ALL_AT_ONCE = Integer.MAX_VALUE;
  private static final int ODD_ACCESS = 1009;
  private static final int MAX_SEGMENTS = 1 << 20;

  private RegionDataChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "place", "Each segment lies behind the header and within the region.", bench -> {
      RawMigrationRegion region = RawMigrationRegion.of(bench);
      saveSegments(bench, region);
    });
    add(plan, "whole",
        "In STOP_COPY the whole state is read in segments; the same segments load it in RESUMING.",
        bench -> {
          RawMigrationRegion region = RawMigrationRegion.of(bench);
          Optional<DeviceException> failure = load(bench, region, saveSegments(bench, region));
          if (failure.isPresent()) {
            throw VerdictException.failed("the device takes its own segments, and runs",
                String.valueOf(failure.get().getMessage()));
          }
        });
    add(plan, "end", "In STOP_COPY pending_bytes stays 0 once it is.", bench -> {
      RawMigrationRegion region = RawMigrationRegion.of(bench);
      saveSegments(bench, region);
      for (int i = 0; i < 3; i++) {
        long pending = region.pendingBytes();
        if (pending != 0) {
          throw VerdictException.failed("0 pending bytes after the end", Long.toUnsignedString(pending));
        }
      }
    });
    add(plan, "pending again", "To read pending_bytes again before data_offset changes nothing.",
        RegionDataChecks::readPendingAgain);
    add(plan, "committed",
        "Once data_offset was read, the segment can be read in as many accesses as one likes, and again.",
        RegionDataChecks::readCommitted);
    add(plan, "pre-copy", "Segments of PRE_COPY and then those of STOP_COPY are a whole state.",
        bench -> saveFromPreCopy(bench, MAX_SEGMENTS));
    add(plan, "left early", "PRE_COPY may be left for STOP_COPY at any number of pending bytes.",
        bench -> saveFromPreCopy(bench, 0));
    add(plan, "left within a segment",
        "A segment that was committed to in PRE_COPY can be read in STOP_COPY.",
        RegionDataChecks::leaveWithinSegment);
    add(plan, "too long", "In RESUMING a segment that does not fit into the region is refused.", bench -> {
      RawMigrationRegion region = RawMigrationRegion.of(bench);
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
        "Outside SAVING and RESUMING the fields are undefined, but to touch them moves nothing.",
        RegionDataChecks::accessOutsideSession);
    add(plan, "reset within a segment", "A reset within a segment ends it, and the next saving begins anew.",
        bench -> {
          RawMigrationRegion region = RawMigrationRegion.of(bench);
          RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
          if (region.pendingBytes() != 0) {
            long offset = region.dataOffset();
            region.readData(offset, Math.min(1, region.dataSize(offset)), ALL_AT_ONCE);
          }
          bench.resetDevice();
          expectLoad(bench, region, saveSegments(bench, region),
              "what is saved after the reset can be loaded");
        });
  }

  private static void add(CheckPlan plan, String name, String sentence, CheckBody experiment) {
    plan.add(CheckGroup.V1_DATA, name, sentence, SpecReferences.REGION, experiment);
  }

  // Saving.

  /** Returns the segments of a device that has done something; it is in STOP_COPY then. */
  static List<byte[]> saveSegments(CheckContext bench, RawMigrationRegion region)
      throws VerdictException, DeviceException {
    bench.profile().exercise(bench.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
    return readAll(bench, region);
  }

  /** Reads what there is, to the end. */
  static List<byte[]> readAll(CheckContext bench, RawMigrationRegion region)
      throws VerdictException, DeviceException {
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0) {
      segments.add(readSegment(region));
      checkBound(bench, segments);
    }
    return segments;
  }

  private static byte[] readSegment(RawMigrationRegion region) throws VerdictException, DeviceException {
    long offset = region.dataOffset();
    return region.readData(offset, region.dataSize(offset), ALL_AT_ONCE);
  }

  private static void checkBound(CheckContext bench, List<byte[]> segments) throws VerdictException {
    long bytes = segments.stream().mapToLong(segment -> segment.length).sum();
    if (bytes > bench.sessionIo().maxState() || segments.size() > MAX_SEGMENTS) {
      throw VerdictException.notApplicable("the state has more than %d bytes, or %d segments"
          .formatted(bench.sessionIo().maxState(), MAX_SEGMENTS));
    }
  }

  static byte[] concat(List<byte[]> segments) {
    byte[] all = new byte[Math.toIntExact(segments.stream().mapToLong(segment -> segment.length).sum())];
    int at = 0;
    for (byte[] segment : segments) {
      System.arraycopy(segment, 0, all, at, segment.length);
      at += segment.length;
    }
    return all;
  }

  // Resuming.

  /** Hands segments over, up to the first that is refused. Returns that refusal. */
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

  /** Loads segments into the device after a reset, and has it run. Returns why it did not. */
  private static Optional<DeviceException> load(CheckContext bench, RawMigrationRegion region,
      List<byte[]> segments)
      throws VerdictException, DeviceException {
    bench.resetDevice();
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.RESUMING);
    Optional<DeviceException> failure = writeAll(region, segments);
    if (failure.isPresent()) {
      return failure;
    }
    failure = Expect.failureOf(() -> region.write(DeviceStateV1.RUNNING));
    if (failure.isEmpty()) {
      RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "with the state that was loaded");
    }
    return failure;
  }

  /**
   * Expects that segments can be loaded. A device that cannot even load what was read in the plainest way is another
   * check's matter.
   */
  private static void expectLoad(CheckContext bench, RawMigrationRegion region, List<byte[]> segments,
      String expected)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = load(bench, region, segments);
    if (failure.isEmpty()) {
      return;
    }
    bench.resetDevice();
    Optional<DeviceException> plain = load(bench, region, saveSegments(bench, region));
    if (plain.isPresent()) {
      throw VerdictException.blocked(WHOLE, "a state that can be loaded",
          String.valueOf(plain.get().getMessage()));
    }
    throw VerdictException.failed(expected, String.valueOf(failure.get().getMessage()));
  }

  // Checks.

  private static void readPendingAgain(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    bench.profile().exercise(bench.probe());
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
      checkBound(bench, segments);
      pending = region.pendingBytes();
    }
    expectLoad(bench, region, segments, "what was read meanwhile is a whole state");
  }

  private static void readCommitted(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    bench.profile().exercise(bench.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.STOP_COPY);
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0) {
      long offset = region.dataOffset();
      int size = region.dataSize(offset);
      byte[] first = region.readData(offset, size, ODD_ACCESS);
      if (region.dataOffset() != offset || region.dataSize(offset) != size) {
        throw VerdictException.failed("the same segment, as it was not acknowledged",
            "another offset or size");
      }
      if (!Arrays.equals(first, region.readData(offset, size, ALL_AT_ONCE))) {
        throw VerdictException.failed("the same bytes of a segment that is read again", "others");
      }
      segments.add(first);
      checkBound(bench, segments);
    }
    expectLoad(bench, region, segments, "segments that were read twice are a whole state");
  }

  private static void saveFromPreCopy(CheckContext bench, int most) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    bench.profile().exercise(bench.probe());
    RegionStateChecks.write(region, DeviceStateV1.RUNNING, DeviceStateV1.PRE_COPY);
    List<byte[]> segments = new ArrayList<>();
    while (region.pendingBytes() != 0 && segments.size() < most) {
      segments.add(readSegment(region));
      checkBound(bench, segments);
    }
    stopAndFinish(bench, region, segments);
  }

  private static void stopAndFinish(CheckContext bench, RawMigrationRegion region, List<byte[]> segments)
      throws VerdictException, DeviceException {
    RegionStateChecks.write(region, DeviceStateV1.PRE_COPY, DeviceStateV1.STOP_COPY);
    segments.addAll(readAll(bench, region));
    expectLoad(bench, region, segments, "the segments of both states are a whole one");
  }

  private static void leaveWithinSegment(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    bench.profile().exercise(bench.probe());
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
    segments.addAll(readAll(bench, region));
    expectLoad(bench, region, segments, "the segments of both states are a whole one");
  }

  private static void accessOutsideSession(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    for (DeviceStateV1 state : List.of(DeviceStateV1.RUNNING, DeviceStateV1.STOP)) {
      bench.resetDevice();
      RegionStateChecks.enter(bench, region, state);
      for (MigrationRegionField field : List.of(MigrationRegionField.PENDING_BYTES,
          MigrationRegionField.DATA_OFFSET, MigrationRegionField.DATA_SIZE)) {
        // What comes of it is undefined, refusals included.
        Expect.failureOf(() -> region.read(field.offset(), field.width()));
      }
      Expect.failureOf(() -> region.set(MigrationRegionField.DATA_SIZE, Long.BYTES));
      Expect.failureOf(() -> region.read(region.size() - Long.BYTES, Long.BYTES));
      Expect.failureOf(() -> region.writeZeros(region.size() - Long.BYTES, Long.BYTES));
      RegionFieldChecks.expectField(region, state, "after the fields were touched");
    }
    bench.resetDevice();
    expectLoad(bench, region, saveSegments(bench, region), "the device can be saved and loaded afterwards");
  }
}
