// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The client's side of DMA_MAP and DMA_UNMAP. */
final class ClientDmaMappings {

  private final ClientCalls calls;
  private final ClientMemory memory;

  /**
   * Makes the mappings of a client, of which there are none yet.
   *
   * @param memory what the channel serves the server from
   */
  ClientDmaMappings(ClientCalls calls, ClientMemory memory) {
    this.calls = calls;
    this.memory = memory;
  }

  void map(IovaRange range, Fd fd, long offset, boolean writable) throws DeviceException {
    map(range, offset, writable, List.of(fd));
  }

  void map(long iova, MemorySegment opaque, boolean writable) throws DeviceException {
    int access = DmaMapping.READ | (writable ? DmaMapping.WRITE : 0);
    IovaRange range = new IovaRange(iova, opaque.byteSize());
    Runnable undo = memory.add(iova, opaque, access);
    try {
      map(range, 0, writable, List.of());
    } catch (DeviceException e) {
      undo.run();
      throw e;
    }
    calls.channel().serveMemory();
  }

  private void map(IovaRange range, long offset, boolean writable, List<Fd> fds) throws DeviceException {
    calls.call("DMA_MAP of " + range, Command.DMA_MAP, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.DmaMap.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.DmaMap.FLAGS,
          DmaMapping.READ | (writable ? DmaMapping.WRITE : 0) | (fds.isEmpty() ? 0 : DmaMapping.MMAP));
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.OFFSET, offset);
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.IOVA, range.iova());
      head.set(Wire.U64, Header.SIZE + Structs.DmaMap.LENGTH, range.length());
      return Structs.DmaMap.SIZE;
    }, MemorySegment.NULL, fds, reader -> Boolean.TRUE);
  }

  void unmap(IovaRange range) throws DeviceException {
    calls.call("DMA_UNMAP of " + range, Command.DMA_UNMAP, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.DmaUnmap.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.DmaUnmap.FLAGS, 0);
      head.set(Wire.U64, Header.SIZE + Structs.DmaUnmap.IOVA, range.iova());
      head.set(Wire.U64, Header.SIZE + Structs.DmaUnmap.LENGTH, range.length());
      return Structs.DmaUnmap.SIZE;
    }, MemorySegment.NULL, reader -> Boolean.TRUE);
    memory.remove(range.iova());
  }
}
