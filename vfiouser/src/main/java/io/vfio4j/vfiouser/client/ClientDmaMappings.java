// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Extensions;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.DmaUnmap;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** The client's side of DMA_MAP and DMA_UNMAP. */
final class ClientDmaMappings {

  private final ClientCalls calls;
  private final ClientMemory memory;
  private final Limits limits;
  private final boolean sendsPeerFlag;
  private final boolean reportsAnyRange;
  private final NavigableMap<Long, IovaRange> mapped = new ConcurrentSkipListMap<>(Long::compareUnsigned);

  /**
   * Makes the mappings of a client, of which there are none yet.
   *
   * @param memory what the channel serves the server from
   * @param limits what was agreed on
   * @param granted what the server has granted: whether it is told of a mapping that it is a peer
   */
  ClientDmaMappings(ClientCalls calls, ClientMemory memory, Limits limits, Extensions granted) {
    this.calls = calls;
    this.memory = memory;
    this.limits = limits;
    this.sendsPeerFlag = granted.has(Extension.MEMORY_KINDS);
    this.reportsAnyRange = granted.isVfio4j();
  }

  /**
   * Returns in which ranges the server is asked for the dirty pages of a range. The reference library reports what is
   * exactly a mapping; other servers of old have lost bits of a range that lies in several. So a server that is not ours
   * is asked for one mapping after the other, and not for what lies between them, where it has no memory to write to.
   *
   * @return the range itself if it cuts a mapping, or none lies in it
   */
  List<IovaRange> reportRanges(IovaRange range) {
    if (reportsAnyRange) {
      return List.of(range);
    }
    Map.Entry<Long, IovaRange> before = mapped.lowerEntry(range.iova());
    List<IovaRange> within = List.copyOf(mapped.subMap(range.iova(), true, range.last(), true).values());
    boolean isCut = (before != null && before.getValue().overlaps(range))
        || within.stream().anyMatch(mapping -> !range.contains(mapping.iova(), mapping.length()));
    return isCut || within.isEmpty() ? List.of(range) : within;
  }

  void map(IovaRange range, Fd fd, long offset, DmaOptions options) throws DeviceException {
    map(range, offset, options.flags(sendsPeerFlag), List.of(fd));
  }

  void map(long iova, MemorySegment opaque, boolean writable) throws DeviceException {
    int access = access(writable);
    IovaRange range = new IovaRange(iova, opaque.byteSize());
    Runnable undo = memory.add(iova, opaque, access);
    try {
      map(range, 0, access, List.of());
    } catch (DeviceException e) {
      undo.run();
      throw e;
    }
    calls.channel().serveMemory();
  }

  /** Without the flag the server asks for the memory, and is answered EFAULT by {@link ClientMemory}. */
  void mapPeer(IovaRange range, boolean writable) throws DeviceException {
    map(range, 0, access(writable) | (sendsPeerFlag ? DmaMap.PEER : 0), List.of());
    if (!sendsPeerFlag) {
      calls.channel().serveMemory();
    }
  }

  private static int access(boolean writable) {
    return DmaMap.READ | (writable ? DmaMap.WRITE : 0);
  }

  private void map(IovaRange range, long offset, int flags, List<Fd> fds) throws DeviceException {
    check(range, fds.size());
    calls.call("DMA_MAP of " + range, Command.DMA_MAP, head -> {
      head.set(LittleEndian.U32, Header.SIZE, DmaMap.SIZE);
      head.set(LittleEndian.U32, Header.SIZE + DmaMap.FLAGS, flags);
      head.set(LittleEndian.U64, Header.SIZE + DmaMap.OFFSET, offset);
      head.set(LittleEndian.U64, Header.SIZE + DmaMap.IOVA, range.iova());
      head.set(LittleEndian.U64, Header.SIZE + DmaMap.LENGTH, range.length());
      return DmaMap.SIZE;
    }, MemorySegment.NULL, fds, reader -> Boolean.TRUE);
    mapped.put(range.iova(), range);
  }

  /** Checks what the server has said before that it refuses. */
  private void check(IovaRange range, int fds) throws DeviceException {
    String action = "DMA_MAP of " + range;
    if (fds > limits.maxMsgFds()) {
      throw new DeviceException(calls.name(), action + " with its memory", Errno.EOPNOTSUPP);
    }
    if (!limits.isPageMultiple(range.iova() | range.length())) {
      throw new DeviceException(calls.name(), action + ", not whole pages", Errno.EINVAL);
    }
    if (mapped.size() >= limits.maxDmaMaps() && !mapped.containsKey(range.iova())) {
      throw new DeviceException(calls.name(), action, Errno.ENOSPC);
    }
  }

  void unmap(IovaRange range) throws DeviceException {
    calls.call("DMA_UNMAP of " + range, Command.DMA_UNMAP,
        head -> unmap(head, DmaUnmap.SIZE, 0, range.iova(), range.length()), MemorySegment.NULL,
        reader -> Boolean.TRUE);
    memory.remove(range);
    mapped.subMap(range.iova(), true, range.last(), true).clear();
  }

  void unmap(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    ClientDirtyReport report =
        new ClientDirtyReport(calls, limits, "DMA_UNMAP with the dirty bitmap", range, pageSize, bitmap);
    report.call(Command.DMA_UNMAP, head -> {
      head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.PAGE_SIZE, pageSize);
      head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.BITMAP_LENGTH, report.bytes());
      unmap(head, DmaUnmap.SIZE_WITH_BITMAP + (int) report.bytes(), DmaUnmap.GET_DIRTY_BITMAP, range.iova(),
          range.length());
      return DmaUnmap.SIZE_WITH_BITMAP;
    }, DmaUnmap.SIZE_WITH_BITMAP);
    memory.writes().reportInto(calls.name(), range, pageSize, bitmap);
    memory.remove(range);
    mapped.subMap(range.iova(), true, range.last(), true).clear();
  }

  void unmapAll() throws DeviceException {
    calls.call("DMA_UNMAP of all", Command.DMA_UNMAP, head -> unmap(head, DmaUnmap.SIZE, DmaUnmap.ALL, 0, 0),
        MemorySegment.NULL, reader -> Boolean.TRUE);
    memory.removeAll();
    mapped.clear();
  }

  private static int unmap(MemorySegment head, int argsz, int flags, long iova, long length) {
    head.set(LittleEndian.U32, Header.SIZE, argsz);
    head.set(LittleEndian.U32, Header.SIZE + DmaUnmap.FLAGS, flags);
    head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.IOVA, iova);
    head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.LENGTH, length);
    return DmaUnmap.SIZE;
  }
}
