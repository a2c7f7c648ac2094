// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A ring of devices: each writes to guest memory and to the memory of the next one, the last to that of the first. They
 * are connected in the same way at the source and at the target.
 */
final class DeviceRing implements AutoCloseable {

  private final long memory;
  private final List<DemoVm> vms = new ArrayList<>();
  private final List<GuestDevice> targetDevices = new ArrayList<>();
  private final List<PeerMemory> sourceMemories = new ArrayList<>();
  private final List<PeerMemory> targetMemories = new ArrayList<>();
  private final List<RingDevice> devices = new ArrayList<>();
  private List<SwitchoverObserver> observers = List.of();

  /**
   * Connects to the devices.
   *
   * @param sources the sockets of the source devices
   * @param targets the sockets of the target devices, in the same order
   * @param memory bytes of internal memory of each device
   */
  DeviceRing(List<Path> sources, List<Path> targets, long memory) throws IOException {
    this.memory = memory;
    try {
      for (int i = 0; i < sources.size(); i++) {
        DemoVm vm = new DemoVm(sources.get(i), PeerMemory.SLOTS);
        vms.add(vm);
        sourceMemories.add(new PeerMemory(vm.source()));
        GuestDevice target = vm.connect(targets.get(i));
        targetDevices.add(target);
        targetMemories.add(new PeerMemory(target));
      }
      connectPeers();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void connectPeers() throws IOException {
    int count = vms.size();
    List<PeerTraffic> streams = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int next = (i + 1) % count;
      streams.add(
          new PeerTraffic("to device " + (next + 1), vms.get(i).source(), sourceMemories.get(next).slots(),
              targetMemories.get(next).slots()));
      targetMemories.get(next).mapInto(targetDevices.get(i).client());
    }
    for (int i = 0; i < count; i++) {
      devices.add(new RingDevice(vms.get(i), targetDevices.get(i), streams.get((i + count - 1) % count),
          streams.get(i)));
    }
  }

  List<RingDevice> devices() {
    return devices;
  }

  /** Starts the traffic of all devices, and returns after they have run for a while. */
  void startWork(int trafficRate) throws IOException {
    int count = devices.size();
    for (int i = 0; i < count; i++) {
      PeerMemory next = sourceMemories.get((i + 1) % count);
      next.slots().clear(0);
      vms.get(i).configureWork(memory, trafficRate, 0);
      devices.get(i).source().startPeerTraffic(next, trafficRate);
    }
    for (DemoVm vm : vms) {
      vm.runFor(vm.source(), DemoVm.WARM_UP.dividedBy(count));
    }
  }

  /** Returns the source devices. */
  List<MigratableDevice> sources() {
    return devices.stream().<MigratableDevice>map(device -> device.source().client()).toList();
  }

  /**
   * Migrates the devices and observes the traffic.
   *
   * @param from {@link #sources}, or wrappers of them
   */
  MigrationReport migrate(List<MigratableDevice> from, MigrationOptions options, MigrationListener listener)
      throws MigrationException, IOException {
    for (RingDevice device : devices) {
      device.outgoing().onMigrationStart();
    }
    List<SwitchoverObserver> created = new ArrayList<>();
    MigrationListener all = new PeerTrafficListener(devices, listener);
    for (RingDevice device : devices) {
      SwitchoverObserver observer = device.vm().observe(device.target().name(), all);
      created.add(observer);
      all = observer;
    }
    observers = created;
    return LocalMigration.run(DeviceSet.of(from),
        DeviceSet.of(devices.stream().map(device -> device.target().client()).toList()), options,
        Workload.NONE, all);
  }

  /** Stops the traffic at the target, and checks for each device that nothing was lost. */
  List<DeviceResult> check() throws IOException {
    List<MigrationProof> proofs = new ArrayList<>();
    List<Long> writes = new ArrayList<>();
    List<Long> peerWrites = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      RingDevice device = devices.get(i);
      MigrationProof proof =
          new MigrationProof(device.vm(), device.target(), observers.get(i), PeerMemory.BYTES, memory);
      writes.add(proof.stopWork());
      peerWrites.add(device.target().stopPeerTraffic());
      proofs.add(proof);
    }
    List<DeviceResult> results = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      proofs.get(i).check(writes.get(i));
      List<DemoCheck> checks = new ArrayList<>(proofs.get(i).checks());
      checks.add(1, devices.get(i).outgoing().check(peerWrites.get(i)));
      results.add(new DeviceResult(writes.get(i), peerWrites.get(i), checks));
    }
    return results;
  }

  @Override
  public void close() {
    targetMemories.forEach(PeerMemory::close);
    sourceMemories.forEach(PeerMemory::close);
    targetDevices.forEach(GuestDevice::close);
    vms.forEach(DemoVm::close);
  }
}
