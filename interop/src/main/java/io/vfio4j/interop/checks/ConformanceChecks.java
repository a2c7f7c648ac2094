// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.conformance.ConformanceListener;
import io.vfio4j.conformance.ConformanceSuite;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import io.vfio4j.conformance.setup.ConformanceOptions;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.conformance.setup.DeviceUnderTest;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.IovaRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/** The conformance suite on kernel devices, without its dangerous checks. */
final class ConformanceChecks {

  private static final int KIB = 64;
  /** Checks of durations, which depend on the load of the emulating machine. */
  private static final String TIMES = "times/";

  /** Known deviations of mtty and the kernel from the specification. */
  private static final Set<String> OF_MTTY = Set.of("dma-log/second start", "dma-log/stop without a start",
      "dma-log/empty range", "resuming/damaged", "reopening/from STOP_COPY", "reopening/from RESUMING");

  private final CheckContext context;

  private ConformanceChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    ConformanceChecks conform = new ConformanceChecks(context);
    checks.add("conform/mtty", conform::mtty);
    checks.add("conform/test device", conform::testDevice);
  }

  private void mtty() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty()) {
      JsonObject report = InProcessCommand.run("conform", context.address(mtty), "--json", "--quiet")
          .requireExitCode(0).lastEvent();
      Requirements.requireEqual(0, report.get("failed").getAsInt(), "failed");
      Requirements.require(report.get("passed").getAsInt() >= 100,
          "%s passed".formatted(report.get("passed")));
      Set<String> expected = new TreeSet<>(OF_MTTY);
      if (context.by() == KernelInterface.CDEV) {
        // With groups this kernel does not support reports.
        expected.add("dma-log/report without a start");
      }
      Requirements.requireEqual(expected, deviations(report), "deviations");
    }
  }

  private static Set<String> deviations(JsonObject report) {
    Set<String> ids = new TreeSet<>();
    StreamSupport.stream(report.getAsJsonArray("checks").spliterator(), false)
        .map(JsonElement::getAsJsonObject)
        .filter(check -> check.get("verdict").getAsString().equals("deviates"))
        .map(check -> check.get("group").getAsString() + "/" + check.get("name").getAsString())
        .filter(id -> !id.startsWith(TIMES)).forEach(ids::add);
    return ids;
  }

  private void testDevice() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelProbe probe = context.probe(test.mdev())) {
      ConformanceReport report =
          ConformanceSuite.run(new DeviceUnderTest(probe, new TestDeviceKnowledge()),
              ConformanceOptions.DEFAULT,
              ConformanceListener.NONE);
      List<String> failed =
          report.results().stream().filter(result -> result.verdict() instanceof Verdict.Failure)
              .map(result -> result.check().id() + ": " + result.verdict().details()).toList();
      Requirements.requireEqual(List.of(), failed, "failed; %s".formatted(report.summary()));
      Set<String> deviations = new TreeSet<>();
      report.results().stream().filter(result -> result.verdict() instanceof Verdict.Deviation)
          .map(result -> result.check().id()).filter(id -> !id.startsWith(TIMES)).forEach(deviations::add);
      Requirements.requireEqual(Set.of("dma-log/empty range"), deviations, "deviations");
      Requirements.require(report.count(Verdict.Pass.class) >= 130, "%s".formatted(report.summary()));
    }
  }

  /** Everything that the suite can use about test devices. */
  private static final class TestDeviceKnowledge implements DeviceProfile {

    private static final IovaRange MEMORY = new IovaRange(0x10_0000, 16 * 4096);

    @Override
    public Set<Guarantee> guarantees() {
      return Set.of(Guarantee.ROUND_TRIP, Guarantee.DETECTS_CORRUPTION);
    }

    @Override
    public void exercise(DeviceProbe probe) throws DeviceException {
      new RegionRegisters(device(probe), 0).write(TestDevice.SCRATCH, 0x1234);
      new RegionRegisters(device(probe), 2).writeByte(5000, 7);
    }

    @Override
    public Optional<IovaRange> writeMemory(DeviceProbe probe) throws DeviceException {
      ((DeviceProbe.DmaMemoryProbe) probe).mapMemory(MEMORY);
      RegionRegisters registers = new RegionRegisters(device(probe), 0);
      registers.write(TestDevice.DMA_IOVA_LOW, (int) MEMORY.iova());
      registers.write(TestDevice.DMA_IOVA_HIGH, 0);
      registers.write(TestDevice.DMA_PAGES, 3);
      return Optional.of(new IovaRange(MEMORY.iova(), 3 * 4096));
    }

    @Override
    public boolean provokeError(DeviceProbe probe) throws DeviceException {
      probe.device().reset();
      try (DriverFaults _ = DriverFaults.arc("RUNNING_P2P>STOP", "error")) {
        probe.device().moveTo(DeviceState.STOP);
        return false;
      } catch (DeviceException e) {
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static KernelDevice device(DeviceProbe probe) {
      return ((KernelProbe) probe).device();
    }
  }
}
