// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Collects the report of a vfio-user device. */
final class VfioUserReport {

  /** The remedies of vfio-user devices. */
  private record Remedies(OpenDevice device) implements MissingCapability.Remedies {
    @Override
    public String noMigration() {
      return "it does not support migration; use a server or driver that does (a scratch device: serve it without "
          + "--features none)";
    }

    @Override
    public String notRunning(DeviceState state) {
      return device.recoveryAdvice(state);
    }

    @Override
    public MissingCapability stateNotKept() {
      return new MissingCapability("keep_state", false,
          "migrate and receive hold it open until --then COMMAND ends or SIGTERM; "
              + device.releaseEffect());
    }
  }

  private VfioUserReport() {
  }

  static ProbeReport of(OpenDevice device, VfioUserClient client) throws DeviceException {
    List<RegionInfo> regions = new ArrayList<>();
    for (int i = 0; i < ProbeReport.boundedCount(client.info().regions()); i++) {
      regions.add(client.regionInfo(i));
    }
    List<IrqInfo> irqs = new ArrayList<>();
    for (int i = 0; i < ProbeReport.boundedCount(client.info().irqs()); i++) {
      irqs.add(client.irqs().info(i));
    }
    ProbeReport.MigrationFacts migration = new ProbeReport.MigrationFacts(versions(client), client.features(),
        client.offeredFeatures(), client.state(), client.stopCopyLength(), client.dmaLog().isPresent(),
        device.keepsState() || device.isInProcess());
    List<ProbeReport.Note> quirks = client.quirks().stream()
        .map(quirk -> new ProbeReport.Note(quirk.kind().name(), quirk.description())).toList();
    Optional<VmmReport> vmm = vmm(device);
    return new ProbeReport(
        new ProbeReport.DeviceFacts(client.identity(), vmm.map(VmmReport::facts).orElse(List.of()), vmm,
            regions,
            irqs),
        migration, quirks, MissingCapability.of(migration, new Remedies(device)));
  }

  private static Optional<VmmReport> vmm(OpenDevice device) throws DeviceException {
    return device.control().isEmpty() ? Optional.empty()
        : Optional.of(new VmmReport(device.control().get().info(), device.control().get().handoverInfo()));
  }

  private static List<Integer> versions(VfioUserClient client) {
    return IntStream.rangeClosed(1, 2)
        .filter(version -> version == 1 ? client.hasV1() : client.hasV2()).boxed().toList();
  }
}
