// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.conformance.setup.DeviceInfos;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.conformance.setup.ObservedDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A device as the suite observes it while a VMM is using it: a connection to its control socket. */
public final class ControlledDevice implements ObservedDevice {

  /** {@code VFIO_PCI_CONFIG_REGION_INDEX}. */
  private static final int CONFIG_REGION = 7;
  /** The largest config space, of PCI Express. */
  private static final int MAX_CONFIG_BYTES = 4096;
  /** A server may report billions of regions or interrupts; no device has them. */
  private static final int MAX_INDEXES = 64;
  private static final long RETRY_NANOS = 1_000_000;

  private final Path socket;
  private final ClientOptions options;
  private ControlClient client;

  private ControlledDevice(Path socket, ClientOptions options, ControlClient client) {
    this.socket = socket;
    this.options = options;
    this.client = client;
  }

  /**
   * Connects to a control socket.
   *
   * @throws IOException if no server listens there, or another client is connected
   */
  public static ControlledDevice connect(DeviceAddress.Control address) throws IOException {
    ClientOptions options = ClientOptions.DEFAULT.withMigrationTimeout(address.migrationTimeout());
    try {
      return new ControlledDevice(address.socket(), options,
          ControlClient.connect(address.socket(), options));
    } catch (DeviceException e) {
      throw OpenDevice.explain(address, e);
    }
  }

  @Override
  public VfioUserClient device() {
    return client.device();
  }

  @Override
  public DeviceUse use() throws DeviceException {
    ControlInfo info = client.info();
    return new DeviceUse(info.vmm().map(vmm -> new DeviceUse.Vmm(vmm.token(), vmm.connectedSince(), vmm.pid(),
        vmm.mappings(), vmm.mappedBytes(), vmm.irqs())), info.isHeld(), info.isStaged(), info.isSurrendered(),
        info.maxHold());
  }

  @Override
  public DeviceInfos infos() throws DeviceException {
    List<RegionInfo> regions = new ArrayList<>();
    for (int index = 0; index < bounded(device().info().regions()); index++) {
      regions.add(device().regionInfo(index));
    }
    List<IrqInfo> irqs = new ArrayList<>();
    for (int index = 0; index < bounded(device().info().irqs()); index++) {
      irqs.add(device().irqs().info(index));
    }
    return new DeviceInfos(regions, irqs);
  }

  private static int bounded(int count) {
    return Integer.compareUnsigned(count, MAX_INDEXES) > 0 ? MAX_INDEXES : count;
  }

  @Override
  public byte[] configSpace() throws DeviceException {
    long size = Math.clamp(device().regionInfo(CONFIG_REGION).size(), 0, MAX_CONFIG_BYTES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment content = arena.allocate(size);
      device().readRegion(CONFIG_REGION, 0, content);
      return content.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Override
  public void connectTwice() throws DeviceException {
    ControlClient.connect(socket, options).close();
  }

  /** {@inheritDoc} Retries on EBUSY, because the server may not have noticed yet that this client disconnected. */
  @Override
  public void reopen() throws DeviceException {
    client.close();
    long start = System.nanoTime();
    while (true) {
      try {
        client = ControlClient.connect(socket, options);
        return;
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - start > options.timeout().toNanos()) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
