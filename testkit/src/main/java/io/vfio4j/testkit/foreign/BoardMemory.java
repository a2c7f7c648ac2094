// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.DMA_READ;
import static io.vfio4j.testkit.foreign.WireConstants.DMA_WRITE;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/** The memory that a client has mapped for a foreign server's device. */
final class BoardMemory {

  private static final int WITH_BITMAP = 1;
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TreeMap<Long, BoardMapping> mappings = new TreeMap<>(Long::compareUnsigned);
  private final BoardDmaLog dmaLog;

  BoardMemory(BoardDmaLog log) {
    this.dmaLog = log;
  }

  byte[] map(WireMessage request, int maxMappings) throws IOException, ErrnoException {
    long iova = request.u64(16);
    long size = request.u64(24);
    if (request.u32(0) < 32 || size <= 0 || Long.compareUnsigned(iova + size - 1, iova) < 0) {
      throw new ErrnoException(Errno.EINVAL, "a mapping of %d bytes".formatted(size));
    }
    BoardMapping added = new BoardMapping(iova, size, request.u32(4));
    try {
      if (isNew(added, maxMappings)) {
        if (request.fds().count() > 0) {
          added.attachFile(request.fds().take(0), request.u64(8));
        }
        mappings.put(iova, added);
      } else {
        added.close();
      }
    } catch (IOException | ErrnoException e) {
      added.close();
      throw e;
    }
    return new byte[0];
  }

  private boolean isNew(BoardMapping added, int maxMappings) throws ErrnoException {
    for (BoardMapping mapping : mappings.values()) {
      if (mapping.matches(added)) {
        return false;
      }
      if (mapping.overlaps(added)) {
        throw new ErrnoException(Errno.EINVAL, "an overlap at 0x%x".formatted(added.iova()));
      }
    }
    if (mappings.size() == maxMappings) {
      throw new ErrnoException(Errno.ENOSPC, "more than %d mappings".formatted(maxMappings));
    }
    return true;
  }

  byte[] unmap(WireMessage request) throws ErrnoException {
    long iova = request.u64(8);
    BoardMapping mapping = mappings.get(iova);
    if (mapping == null || mapping.size() != request.u64(16)) {
      throw new ErrnoException(Errno.ENOENT, "no such mapping at 0x%x".formatted(iova));
    }
    byte[] answer = (request.u32(4) & WITH_BITMAP) == 0
        ? request.bytes(0, 24)
        : MessageBody.empty().bytes(request.bytes(0, 40))
            .bytes(dmaLog.report(iova, mapping.size(), request.u64(24)))
            .toBytes();
    mappings.remove(iova);
    mapping.close();
    return answer;
  }

  void write(long iova, long value, Board.ClientRequests client) throws IOException, ErrnoException {
    MemorySegment memory = find(iova, BoardMapping.WRITABLE).segmentAt(iova);
    if (memory != null) {
      memory.set(U64, 0, value);
      dmaLog.mark(iova, Long.BYTES);
    } else {
      client.request(DMA_WRITE, MessageBody.empty().u64(iova, Long.BYTES, value).toBytes());
    }
  }

  long read(long iova, Board.ClientRequests client) throws IOException, ErrnoException {
    MemorySegment memory = find(iova, BoardMapping.READABLE).segmentAt(iova);
    if (memory != null) {
      return memory.get(U64, 0);
    }
    byte[] answer = client.request(DMA_READ, MessageBody.empty().u64(iova, Long.BYTES).toBytes());
    if (answer.length != 3 * Long.BYTES) {
      throw new ProtocolViolationException(
          "a DMA_READ of 8 bytes answered with %d bytes".formatted(answer.length));
    }
    return WireSocket.littleEndian(answer).getLong(2 * Long.BYTES);
  }

  private BoardMapping find(long iova, int access) throws ErrnoException {
    Map.Entry<Long, BoardMapping> below = mappings.floorEntry(iova);
    if (below == null || !below.getValue().contains(iova, Long.BYTES)) {
      throw new ErrnoException(Errno.EFAULT, "0x%x is not mapped".formatted(iova));
    }
    if (!below.getValue().allows(access)) {
      throw new ErrnoException(Errno.EACCES, "0x%x does not permit this access".formatted(iova));
    }
    return below.getValue();
  }

  void clear() {
    mappings.values().forEach(BoardMapping::close);
    mappings.clear();
  }
}
