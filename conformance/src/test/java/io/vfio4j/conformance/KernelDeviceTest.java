// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelOptions;
import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.kernel.KernelProfile;
import io.vfio4j.testkit.kernel.ScriptedKernel;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A kernel device passes all checks that apply; the kernel is a script. */
class KernelDeviceTest {

  private static final HostDevice HOST = new HostDevice("a", HostDevice.Kind.OTHER, Optional.empty(),
      Optional.of("vfio_a"), OptionalInt.of(ScriptedKernel.GROUP), Optional.of(ScriptedKernel.CDEV),
      List.of());

  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void passesAllChecks(KernelInterface kernelInterface) throws Exception {
    SimulatedDevice device = SimulatedSettings.named("a").withContent(4, 7).withChanges(0, 1000).device();
    device.moveTo(DeviceState.RESUMING); // as its last client left it
    ScriptedKernel kernel = new ScriptedKernel(device, KernelProfile.LINUX_6_12);
    try (
        KernelProbe probe =
            KernelProbe.open(HOST, KernelOptions.DEFAULT.withCalls(kernel).withInterface(kernelInterface))) {
      ConformanceReport report =
          ConformanceSuite.run(new DeviceUnderTest(probe, DeviceProfile.UNKNOWN), TestOptions.UNTIMED,
              ConformanceListener.NONE);

      // The kernel does not reset a device when it is closed.
      assertThat(ReportEntries.failuresAndDeviations(report)).containsOnlyKeys("reopening/from RESUMING",
          "reopening/from STOP_COPY");
      assertThat(report.isConformant()).isTrue();
      assertThat(report.results()).filteredOn(result -> result.verdict() instanceof Verdict.Pass)
          .hasSizeGreaterThan(100);
    }
    assertThat(kernel.openFiles()).isEmpty();
  }
}
