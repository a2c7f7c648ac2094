// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DmaLog;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/** The dirty page log of a container, for a device without a DMA log. Both kernels support groups. */
final class ContainerDirtyLogChecks {

  private static final int KIB = 16;

  private ContainerDirtyLogChecks() {
  }

  static void add(CheckList checks) {
    checks.add("log/the container's", ContainerDirtyLogChecks::pages);
  }

  private static void pages() throws IOException, LinuxException {
    try (DriverFaults _ = DriverFaults.set(Map.of("dma_log", "N"));
        Arena arena = Arena.ofConfined();
        TestDevice test = MediatedDevice.testDevice(KIB);
        KernelDevice device = new CheckContext(KernelInterface.GROUP).open(test.mdev())) {
      TestMemory.map(device, arena);
      DmaLog log = device.dmaLog().orElseThrow();
      Requirements.requireEqual(TestMemory.PAGE, log.start(List.of(TestMemory.RANGE), TestMemory.PAGE),
          "the page size");
      TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE);
      TestMemory.write(device, 3, 2, 1);
      TestMemory.write(device, 63, 1, 1);
      Requirements.requireEqual(TestMemory.pages(3, 4, 63),
          TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
          "written");
      Requirements.requireEqual(TestMemory.pages(), TestMemory.report(log, TestMemory.RANGE, TestMemory.PAGE),
          "read before");
      TestMemory.write(device, 8, 1, 1);
      Requirements.requireEqual(TestMemory.pages(1),
          TestMemory.report(log, TestMemory.RANGE, 8 * TestMemory.PAGE),
          "bits for 32 KiB each");
      log.stop();
      device.unmapDma(TestMemory.RANGE);
    }
  }
}
