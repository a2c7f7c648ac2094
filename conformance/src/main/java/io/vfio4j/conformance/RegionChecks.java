// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/** Regions while the device is stopped. */
final class RegionChecks {

  /** {@code VFIO_PCI_CONFIG_REGION_INDEX}. */
  private static final int CONFIG_REGION = 7;

  private RegionChecks() {
  }

  static void addTo(Plan plan, MigrationFeatures features) {
    for (DeviceState state : DeviceState.values()) {
      if (state != DeviceState.ERROR && features.supports(state)) {
        plan.add(Group.REGIONS, "config space in " + state,
            "In %s the config space can be read, and tells the device's ids.".formatted(state),
            Sources.STOPPED,
            bench -> readConfig(bench, state));
      }
    }
  }

  private static void readConfig(Bench bench, DeviceState state) throws Judgement, DeviceException {
    var regions = bench.needs(DeviceProbe.RegionProbe.class, "access regions");
    if (state == DeviceState.RESUMING) {
      bench.resume();
    } else {
      bench.goFromRunning(state);
    }
    MemorySegment ids = bench.streams().buffer(Integer.BYTES);
    regions.readRegion(CONFIG_REGION, 0, ids);
    int read = ids.get(JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    int expected = bench.device().identity().deviceId() << 16 | bench.device().identity().vendorId();
    if (read != expected) {
      throw Judgement.failed("%08x".formatted(expected), "%08x".formatted(read));
    }
    Expect.state(bench, state, "after reading the config space");
  }
}
