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
 * Devices that write to memory, and each to the memory of the next, the last to that of the first; at the source and,
 * connected in the same way, at the target.
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
   * Connects to devices.
   *
   * @param sources the sockets of the devices that are to leave
   * @param targets the sockets of those that get their states, in the same order
   * @param memory bytes of internal memory of each
   */
  DeviceRing(List<Path> sources, List<Path> targets, long memory) throws IOException {
    this.memory = memory;
    try {
      for (int i = 0; i < sources.size(); i++) {
        DemoVm vm = new DemoVm(sources.get(i), PeerMemory.SLOTS);
        vms.add(vm);
        sourceMemories.add(new PeerMemory(vm.source()));
        GuestDevice arrival = vm.connect(targets.get(i));
        targetDevices.add(arrival);
        targetMemories.add(new PeerMemory(arrival));
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

  /** Puts all devices to work, and returns when that has been seen going on. */
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

  /** Returns the devices that are to leave. */
  List<MigratableDevice> sources() {
    return devices.stream().<MigratableDevice>map(device -> device.source().client()).toList();
  }

  /**
   * Moves the devices, and watches.
   *
   * @param leaving {@link #sources}, or what passes for them
   */
  MigrationReport migrate(List<MigratableDevice> leaving, MigrationOptions options,
      MigrationListener listener) throws MigrationException, IOException {
    for (RingDevice device : devices) {
      device.outgoing().onMigrationStart();
    }
    List<SwitchoverObserver> watching = new ArrayList<>();
    MigrationListener all = new PeerTrafficListener(devices, listener);
    for (RingDevice device : devices) {
      SwitchoverObserver observer = device.vm().observe(device.target().name(), all);
      watching.add(observer);
      all = observer;
    }
    observers = watching;
    return LocalMigration.run(DeviceSet.of(leaving),
        DeviceSet.of(devices.stream().map(device -> device.target().client()).toList()), options,
        Workload.NONE, all);
  }

  /** Proves of each device, which now is at the target, that nothing was lost; it has no traffic afterwards. */
  List<RingDeviceResult> check() throws IOException {
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
    List<RingDeviceResult> proved = new ArrayList<>();
    for (int i = 0; i < devices.size(); i++) {
      proofs.get(i).check(writes.get(i));
      List<DemoCheck> checks = new ArrayList<>(proofs.get(i).checks());
      checks.add(1, devices.get(i).outgoing().check(peerWrites.get(i)));
      proved.add(new RingDeviceResult(writes.get(i), peerWrites.get(i), checks));
    }
    return proved;
  }

  @Override
  public void close() {
    targetMemories.forEach(PeerMemory::close);
    sourceMemories.forEach(PeerMemory::close);
    targetDevices.forEach(GuestDevice::close);
    vms.forEach(DemoVm::close);
  }
}
