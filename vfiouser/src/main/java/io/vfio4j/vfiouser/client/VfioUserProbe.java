// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.vfiouser.wire.Command;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Sends requests that {@link VfioUserClient} never would, for tests of the device that a server serves. */
public sealed class VfioUserProbe implements DeviceProbe.ResetProbe, DeviceProbe.StateNumberProbe,
    DeviceProbe.EndedSessionProbe, DeviceProbe.RegionProbe, DeviceProbe.DmaMemoryProbe,
    DeviceProbe.AllMemoryDmaLogProbe, DeviceProbe.MigrationRegionProbe
    permits ReopeningProbe {

  /** Size of a report's bitmap. */
  private static final int BITMAP_BYTES = 4096;

  private VfioUserClient client;
  private ProbeMemoryKind memoryKind = ProbeMemoryKind.MAPPED;
  private @Nullable ProbeMemory memory;

  VfioUserProbe(VfioUserClient client) {
    this.client = client;
  }

  /**
   * Returns a probe that cannot reopen its device.
   *
   * @param client the device; owned by the probe
   */
  public static VfioUserProbe of(VfioUserClient client) {
    return new VfioUserProbe(client);
  }

  /**
   * Connects to a server.
   *
   * @param path the server's socket
   * @return a probe that {@linkplain DeviceProbe.ReopenProbe reopens} the device by reconnecting
   * @throws DeviceException as {@link VfioUserClient#connect}
   */
  public static VfioUserProbe connect(Path path, ClientOptions options) throws DeviceException {
    return new ReopeningProbe(path, options);
  }

  @Override
  public VfioUserClient device() {
    return client;
  }

  /**
   * Sets the kind of memory that the probe maps from now on. The device should behave alike with each.
   *
   * @return this probe
   */
  public VfioUserProbe withMemory(ProbeMemoryKind other) {
    memoryKind = other;
    return this;
  }

  final void replaceClient(VfioUserClient other) {
    client = other;
    releaseMemory();
  }

  private void releaseMemory() {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }

  @Override
  public void resetOnly() throws DeviceException {
    client.calls().reset();
    client.state(); // Ends the client's session if the device has left its states.
  }

  @Override
  public void setState(int number) throws DeviceException {
    try {
      client.calls().call("set state " + Integer.toUnsignedString(number), Command.DEVICE_FEATURE,
          head -> FeatureRequests.setState(head, number), MemorySegment.NULL, reader -> Boolean.TRUE);
    } finally {
      client.state();
    }
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    int requested = (int) Math.min(into.byteSize(), client.limits().maxDataXferSize());
    return client.calls().call("read the state", Command.MIG_DATA_READ,
        head -> MigDataRequests.encode(head, requested), MemorySegment.NULL, reader -> {
          int size = MigDataRequests.readLength(reader, requested);
          if (size > 0) {
            reader.read(into.asSlice(0, size));
          }
          return (long) size;
        });
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    int size = (int) Math.min(data.byteSize(), client.limits().maxDataXferSize());
    client.calls().call("write the state", Command.MIG_DATA_WRITE,
        head -> MigDataRequests.encode(head, size), data.asSlice(0, size), reader -> Boolean.TRUE);
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) throws DeviceException {
    client.readRegion(region, offset, into);
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws DeviceException {
    client.writeRegion(region, offset, data);
  }

  @Override
  public Optional<MigrationRegionAccess> migrationRegion() {
    return client.migrationRegion().map(region -> region);
  }

  @Override
  public boolean hasNdma() {
    return client.migrationRegion().filter(ClientMigrationRegion::hasNdma).isPresent();
  }

  @Override
  public void mapMemory(IovaRange range) throws DeviceException {
    if (memory != null && range.equals(memory.range())) {
      return;
    }
    if (memory != null) {
      client.dma().unmap(memory.range());
      releaseMemory();
    }
    ProbeMemory added = new ProbeMemory(range);
    try {
      added.map(client, memoryKind);
    } catch (DeviceException e) {
      added.close();
      throw e;
    }
    memory = added;
  }

  @Override
  public long startLog(List<long[]> ranges, long pageSize) throws DeviceException {
    return client.calls().call("start DMA logging", Command.DEVICE_FEATURE,
        head -> FeatureRequests.startLogging(head, ranges, pageSize), MemorySegment.NULL,
        FeatureRequests::loggingPageSize);
  }

  @Override
  public void reportLog(long iova, long length, long pageSize) throws DeviceException {
    client.calls().call("report dirty memory", Command.DEVICE_FEATURE,
        head -> FeatureRequests.report(head, iova, length, pageSize, BITMAP_BYTES), MemorySegment.NULL,
        reader -> Boolean.TRUE);
  }

  @Override
  public void close() {
    client.close();
    releaseMemory();
  }
}
