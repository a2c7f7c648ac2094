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

/** The log of dirty pages that a container keeps, for a device that has none of its own. Both kernels have groups. */
final class ContainerLogChecks {

  private static final int KIB = 16;

  private ContainerLogChecks() {
  }

  static void add(Checks checks) {
    checks.add("log/the container's", ContainerLogChecks::pages);
  }

  private static void pages() throws IOException, LinuxException {
    try (Faults _ = Faults.set(Map.of("dma_log", "N"));
        Arena arena = Arena.ofConfined();
        TestDevice test = Mdev.testDevice(KIB);
        KernelDevice device = new Bench(KernelInterface.GROUP).open(test.mdev())) {
      DmaMemory.lend(device, arena);
      DmaLog log = device.dmaLog().orElseThrow();
      Require.equal(DmaMemory.PAGE, log.start(List.of(DmaMemory.RANGE), DmaMemory.PAGE), "the page size");
      DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE);
      DmaMemory.write(device, 3, 2, 1);
      DmaMemory.write(device, 63, 1, 1);
      Require.equal(DmaMemory.pages(3, 4, 63), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE),
          "written");
      Require.equal(DmaMemory.pages(), DmaMemory.report(log, DmaMemory.RANGE, DmaMemory.PAGE), "read before");
      DmaMemory.write(device, 8, 1, 1);
      Require.equal(DmaMemory.pages(1), DmaMemory.report(log, DmaMemory.RANGE, 8 * DmaMemory.PAGE),
          "bits for 32 KiB each");
      log.stop();
      device.unmapDma(DmaMemory.RANGE);
    }
  }
}
