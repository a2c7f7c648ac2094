// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationRegionAccess;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingControl;
import io.vfio4j.vfiouser.wire.Structs.DmaLoggingReport;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says to a server what {@link VfioUserClient} would never say, for whoever judges the device that it serves. */
public sealed class VfioUserProbe implements DeviceProbe.ResetProbe, DeviceProbe.StateNumberProbe,
    DeviceProbe.EndedSessionProbe, DeviceProbe.RegionProbe, DeviceProbe.DmaMemoryProbe,
    DeviceProbe.AllMemoryDmaLogProbe, DeviceProbe.MigrationRegionProbe
    permits ReopeningProbe {

  private static final int DATA = Header.SIZE + Feature.SIZE;
  private static final int STATE_SIZE = 8;
  /** Room for a report's bitmap: a page. */
  private static final int BITMAP_BYTES = 4096;

  private VfioUserClient client;
  private ProbeMemoryKind memoryKind = ProbeMemoryKind.MAPPED;
  private @Nullable ProbeMemory memory;

  VfioUserProbe(VfioUserClient client) {
    this.client = client;
  }

  /**
   * Probes a device through a connection that cannot be had again.
   *
   * @param client the device, the probe's from now on
   */
  public static VfioUserProbe of(VfioUserClient client) {
    return new VfioUserProbe(client);
  }

  /**
   * Connects to a server, as often as need be.
   *
   * @param path the server's socket
   * @param options how
   * @return a probe that {@linkplain DeviceProbe.ReopenProbe reopens} the device by connecting anew
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
   * Lends memory in another way from now on; the device is to have the same to say in each.
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
    client.state(); // Sessions of the client's learn from the state that they have ended.
  }

  @Override
  public void setState(int number) throws DeviceException {
    try {
      client.calls().call("set state " + Integer.toUnsignedString(number), Command.DEVICE_FEATURE, head -> {
        head.set(LittleEndian.U32, DATA, number);
        head.set(LittleEndian.U32, DATA + 4, -1);
        return ClientMigration.encodeFeature(head, Feature.MIG_DEVICE_STATE | Feature.SET, STATE_SIZE)
            + STATE_SIZE;
      }, MemorySegment.NULL, reader -> Boolean.TRUE);
    } finally {
      client.state();
    }
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    int wanted = (int) Math.min(into.byteSize(), client.limits().maxDataXferSize());
    return client.calls().call("read the state", Command.MIG_DATA_READ, head -> {
      head.set(LittleEndian.U32, Header.SIZE, MigData.SIZE + wanted);
      head.set(LittleEndian.U32, Header.SIZE + MigData.LENGTH, wanted);
      return MigData.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, MigData.SIZE);
      int size = reader.buffer().segment().get(LittleEndian.U32, at + MigData.LENGTH);
      ClientSavingSession.checkLength(size, reader.remaining(), wanted);
      if (size > 0) {
        reader.read(into.asSlice(0, size));
      }
      return (long) size;
    });
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    int size = (int) Math.min(data.byteSize(), client.limits().maxDataXferSize());
    client.calls().call("write the state", Command.MIG_DATA_WRITE, head -> {
      head.set(LittleEndian.U32, Header.SIZE, MigData.SIZE + size);
      head.set(LittleEndian.U32, Header.SIZE + MigData.LENGTH, size);
      return MigData.SIZE;
    }, data.asSlice(0, size), reader -> Boolean.TRUE);
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
      client.unmapDma(memory.range());
      releaseMemory();
    }
    ProbeMemory begun = new ProbeMemory(range);
    try {
      begun.map(client, memoryKind);
    } catch (DeviceException e) {
      begun.close();
      throw e;
    }
    memory = begun;
  }

  @Override
  public long startLog(List<long[]> ranges, long pageSize) throws DeviceException {
    int size = DmaLoggingControl.SIZE + ranges.size() * DmaLoggingControl.RANGE_SIZE;
    return client.calls().call("start DMA logging", Command.DEVICE_FEATURE, head -> {
      head.set(LittleEndian.U64, DATA + DmaLoggingControl.PAGE_SIZE, pageSize);
      head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES, ranges.size());
      head.set(LittleEndian.U32, DATA + DmaLoggingControl.NUM_RANGES + 4, 0);
      for (int i = 0; i < ranges.size(); i++) {
        int at = DATA + DmaLoggingControl.SIZE + i * DmaLoggingControl.RANGE_SIZE;
        head.set(LittleEndian.U64, at, ranges.get(i)[0]);
        head.set(LittleEndian.U64, at + 8, ranges.get(i)[1]);
      }
      return ClientMigration.encodeFeature(head, Feature.DMA_LOGGING_START | Feature.SET, size) + size;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Feature.SIZE + DmaLoggingControl.SIZE);
      return reader.buffer().segment().get(LittleEndian.U64, at + Feature.SIZE + DmaLoggingControl.PAGE_SIZE);
    });
  }

  @Override
  public void reportLog(long iova, long length, long pageSize) throws DeviceException {
    client.calls().call("report dirty memory", Command.DEVICE_FEATURE, head -> {
      head.set(LittleEndian.U64, DATA + DmaLoggingReport.IOVA, iova);
      head.set(LittleEndian.U64, DATA + DmaLoggingReport.LENGTH, length);
      head.set(LittleEndian.U64, DATA + DmaLoggingReport.PAGE_SIZE, pageSize);
      return ClientMigration.encodeFeature(head, Feature.DMA_LOGGING_REPORT | Feature.GET,
          DmaLoggingReport.SIZE + BITMAP_BYTES) + DmaLoggingReport.SIZE;
    }, MemorySegment.NULL, reader -> Boolean.TRUE);
  }

  @Override
  public void close() {
    client.close();
    releaseMemory();
  }
}
