// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.region.MigrationRegionField;
import io.vfio4j.model.region.MigrationRegionLayout;
import io.vfio4j.model.v1.DeviceStateV1;

/** The header of the migration region of version 1: permitted accesses and their widths. */
final class RegionFieldChecks {

  private static final int[] WIDTHS = {1, 2, 3, 4, 6, 8, 12, 16};

  private RegionFieldChecks() {
  }

  static void addTo(CheckPlan plan) {
    add(plan, "initial", "After a reset device_state is exactly RUNNING, without reserved bits.",
        SpecReferences.INITIAL,
        context -> expectField(RawMigrationRegion.of(context), DeviceStateV1.RUNNING, "after a reset"));
    add(plan, "reserved field", "The reserved field reads as 0 and ignores writes.", SpecReferences.REGION,
        RegionFieldChecks::accessReserved);
    add(plan, "widths", "An access to the header that is not exactly one field is refused.",
        SpecReferences.REGION,
        RegionFieldChecks::expectWidthsRefused);
    add(plan, "read-only fields", "Writing pending_bytes or data_offset changes nothing.",
        SpecReferences.REGION,
        context -> {
          RawMigrationRegion region = RawMigrationRegion.of(context);
          for (MigrationRegionField field : new MigrationRegionField[] {MigrationRegionField.PENDING_BYTES,
              MigrationRegionField.DATA_OFFSET}) {
            Expect.failureOf(() -> region.set(field, -1)); // Refused or ignored.
            expectField(region, DeviceStateV1.RUNNING, "after a write of " + field);
          }
        });
    add(plan, "beyond the end", "An access beyond the end of the region is refused.", SpecReferences.REGION,
        context -> {
          RawMigrationRegion region = RawMigrationRegion.of(context);
          expectRefusal("reading 8 bytes at the region's end", () -> region.read(region.size(), Long.BYTES));
          expectRefusal("writing 8 bytes across the region's end",
              () -> region.writeZeros(region.size() - Integer.BYTES, Long.BYTES));
          expectField(region, DeviceStateV1.RUNNING, "afterwards");
        });
  }

  private static void add(CheckPlan plan, String name, String requirement, String reference, CheckBody body) {
    plan.add(CheckGroup.V1_REGION, name, requirement, reference, body);
  }

  /** Expects a value of device_state, reserved bits included. */
  static void expectField(RawMigrationRegion region, DeviceStateV1 expected, String when)
      throws VerdictException, DeviceException {
    DeviceStateV1 state = region.state();
    if (!state.equals(expected)) {
      throw VerdictException.failed("device_state %s %s".formatted(expected, when), state.toString());
    }
  }

  /** Expects a refusal, with any errno. */
  private static void expectRefusal(String action, Expect.Request request)
      throws VerdictException, DeviceLostException {
    if (Expect.failureOf(request).isEmpty()) {
      throw VerdictException.failed(action + " is refused", "it is accepted");
    }
  }

  private static void accessReserved(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    for (long written : new long[] {0, 0xffff_ffffL}) {
      region.set(MigrationRegionField.RESERVED, written);
      long read = region.reserved();
      if (read != 0) {
        throw VerdictException.failed("0 in the reserved field", "0x" + Long.toHexString(read));
      }
    }
    expectField(region, DeviceStateV1.RUNNING, "afterwards");
  }

  private static void expectWidthsRefused(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    for (int offset = 0; offset < MigrationRegionLayout.HEADER_SIZE; offset++) {
      for (int width : WIDTHS) {
        if (offset + width <= MigrationRegionLayout.HEADER_SIZE
            && MigrationRegionField.at(offset, width).isEmpty()) {
          int at = offset;
          String label = "%d bytes at %d".formatted(width, at);
          expectRefusal("reading " + label, () -> region.read(at, width));
          expectRefusal("writing " + label, () -> region.writeZeros(at, width));
        }
      }
    }
    expectField(region, DeviceStateV1.RUNNING, "afterwards");
  }
}
