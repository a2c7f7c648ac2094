// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/** Regions while the device is stopped. */
final class ConfigSpaceChecks {

  /** {@code VFIO_PCI_CONFIG_REGION_INDEX}. */
  private static final int CONFIG_REGION = 7;

  private ConfigSpaceChecks() {
  }

  static void addTo(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState state : DeviceState.values()) {
      if (state != DeviceState.ERROR && features.supports(state)) {
        plan.add(CheckGroup.REGIONS, "config space in " + state,
            "In %s the config space can be read and contains the device's ids.".formatted(state),
            SpecReferences.STOPPED,
            context -> readConfig(context, state));
      }
    }
  }

  private static void readConfig(CheckContext context, DeviceState state)
      throws VerdictException, DeviceException {
    var regions = context.require(DeviceProbe.RegionProbe.class, "access regions");
    context.enterEmpty(state);
    MemorySegment ids = context.sessionIo().buffer(Integer.BYTES);
    regions.readRegion(CONFIG_REGION, 0, ids);
    int read = ids.get(JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    int expected = context.device().identity().deviceId() << 16 | context.device().identity().vendorId();
    if (read != expected) {
      throw VerdictException.failed("%08x".formatted(expected), "%08x".formatted(read));
    }
    Expect.state(context, state, "after reading the config space");
  }
}
