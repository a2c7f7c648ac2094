// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;

/** Memory that a probe maps for a device. */
final class ProbeMemory implements AutoCloseable {

  private final IovaRange range;
  private final Arena arena = Arena.ofShared();

  ProbeMemory(IovaRange range) {
    this.range = range;
  }

  IovaRange range() {
    return range;
  }

  void map(VfioUserClient client, ProbeMemoryKind kind) throws DeviceException {
    if (kind == ProbeMemoryKind.MESSAGE) {
      client.dma().map(range.iova(), arena.allocate(range.length(), Long.BYTES), true);
      return;
    }
    DmaOptions options = DmaOptions.READ_WRITE;
    try (Fd memory = Memfd.create("vfio4j-probe", range.length())) {
      client.dma().map(range, memory, 0, kind == ProbeMemoryKind.FILE_IO ? options.withFileIo() : options);
    } catch (LinuxException e) {
      throw new DeviceException(client.calls().name(), "map memory", e.errno(),
          String.valueOf(e.getMessage()), e);
    }
  }

  /** Frees the memory, which must have been unmapped, or the client closed. */
  @Override
  public void close() {
    arena.close();
  }
}
