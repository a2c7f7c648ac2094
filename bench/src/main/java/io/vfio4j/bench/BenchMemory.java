// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory of one side, written by devices and a workload. */
final class BenchMemory implements AutoCloseable {

  static final long IOVA = 0x4000_0000;

  private final Arena arena = Arena.ofShared();
  private final Fd fd;
  private final MemorySegment memory;

  BenchMemory(long size) throws LinuxException {
    fd = Memfd.create("vfio4j-bench", size);
    try {
      Memfd.seal(fd);
      memory = MemoryMap.shared(fd, 0, size, true, arena);
    } catch (LinuxException | RuntimeException e) {
      close();
      throw e;
    }
  }

  MemorySegment memory() {
    return memory;
  }

  MemoryRegions regions() {
    return MemoryRegions.of(new MemoryRegion("memory", IOVA, memory));
  }

  void mapInto(VfioUserClient client) throws DeviceException {
    client.dma().map(new IovaRange(IOVA, memory.byteSize()), fd, 0, true);
  }

  @Override
  public void close() {
    arena.close();
    fd.close();
  }
}
