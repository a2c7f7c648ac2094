// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.memory.ClientMemory;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.DmaUnmap;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** The DMA mappings of a served device, DMA_MAP and DMA_UNMAP: memory that the device may access. */
public final class ClientDmaMappings {

  private final ClientContext context;
  private final ClientCalls calls;
  private final ClientMemory memory;
  private final Limits limits;
  private final boolean sendsPeerFlag;
  private final boolean reportsAnyRange;
  private final NavigableMap<Long, IovaRange> mapped = new ConcurrentSkipListMap<>(Long::compareUnsigned);

  ClientDmaMappings(ClientContext context) {
    this.context = context;
    calls = context.calls();
    memory = context.memory();
    limits = context.limits();
    sendsPeerFlag = context.extensions().has(Extension.MEMORY_KINDS);
    reportsAnyRange = context.extensions().isVfio4j();
  }

  /**
   * Maps memory of a file.
   *
   * @param range the IOVA range
   * @param fd the file, which remains the caller's
   * @param offset where in the file the memory begins, bytes, a multiple of the page size
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if the range overlaps another mapping or exceeds the file, ENOSPC for too
   *     many mappings
   */
  public void map(IovaRange range, Fd fd, long offset, boolean writable) throws DeviceException {
    map(range, fd, offset, writable ? DmaOptions.READ_WRITE : DmaOptions.READ_ONLY);
  }

  /**
   * Maps memory of a file with options. Repeating a mapping has no effect.
   *
   * @param range the IOVA range
   * @param fd the file, which remains the caller's
   * @param offset where in the file the memory begins, bytes; a multiple of the page size except for file I/O
   * @throws DeviceException EINVAL if the range overlaps another mapping or exceeds the file, ENOSPC for too
   *     many mappings
   */
  public void map(IovaRange range, Fd fd, long offset, DmaOptions options) throws DeviceException {
    map(range, offset, options.flags(sendsPeerFlag), List.of(fd));
  }

  /**
   * Maps memory that is not shared: the server reads and writes it by message.
   *
   * @param iova where the range begins
   * @param opaque native memory, accessible by all threads; it must remain valid until it is unmapped
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if the range overlaps another mapping, ENOSPC for too many mappings
   */
  public void map(long iova, MemorySegment opaque, boolean writable) throws DeviceException {
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

  /**
   * Maps a region of another device that was not exported as a file. A hardware device could access it; an
   * emulated one cannot, and gets EFAULT.
   *
   * @param range the IOVA range
   * @param writable whether the device may write it
   * @throws DeviceException EINVAL if the range overlaps another mapping, ENOSPC for too many mappings
   */
  public void mapPeer(IovaRange range, boolean writable) throws DeviceException {
    map(range, 0, access(writable) | (sendsPeerFlag ? DmaMap.PEER : 0), List.of());
    if (!sendsPeerFlag) {
      // The server sees opaque memory and requests it by message; ClientMemory does not have it and replies
      // EFAULT.
      calls.channel().serveMemory();
    }
  }

  private static int access(boolean writable) {
    return DmaMap.READ | (writable ? DmaMap.WRITE : 0);
  }

  private void map(IovaRange range, long offset, int flags, List<Fd> fds) throws DeviceException {
    checkLimits(range, fds.size());
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

  /** Refuses what exceeds the limits that the server has announced. */
  private void checkLimits(IovaRange range, int fds) throws DeviceException {
    String action = "DMA_MAP of " + range;
    if (fds > limits.maxMsgFds()) {
      throw new DeviceException(calls.name(), action + " with a descriptor", Errno.EOPNOTSUPP);
    }
    if (!limits.isPageMultiple(range.iova() | range.length())) {
      throw new DeviceException(calls.name(), action + ", not page-aligned", Errno.EINVAL);
    }
    if (mapped.size() >= limits.maxDmaMaps() && !mapped.containsKey(range.iova())) {
      throw new DeviceException(calls.name(), action, Errno.ENOSPC);
    }
  }

  /**
   * Removes a mapping.
   *
   * @param range exactly the range of the mapping; a vfio4j server also accepts a range that contains several
   * @throws DeviceException ENOENT if there is no such mapping
   */
  public void unmap(IovaRange range) throws DeviceException {
    calls.call("DMA_UNMAP of " + range, Command.DMA_UNMAP,
        head -> encodeUnmap(head, DmaUnmap.SIZE, 0, range.iova(), range.length()), MemorySegment.NULL,
        reader -> Boolean.TRUE);
    remove(range);
  }

  /**
   * Removes a mapping and reads its DMA log, atomically: the device writes nothing in between, and a failure
   * changes nothing. The DMA log must be started.
   *
   * @param range as for {@link #unmap(IovaRange)}
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap where bits are set, as by {@link DmaLog#report}
   * @throws DeviceException ENOENT if there is no such mapping; EINVAL for an invalid page size, a bitmap
   *     that is too short, or without a log
   */
  public void unmap(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
    ClientDirtyReport report =
        new ClientDirtyReport(context, "DMA_UNMAP with the dirty bitmap", range, pageSize, bitmap);
    report.call(Command.DMA_UNMAP, head -> {
      head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.PAGE_SIZE, pageSize);
      head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.BITMAP_LENGTH, report.bytes());
      encodeUnmap(head, DmaUnmap.SIZE_WITH_BITMAP + (int) report.bytes(), DmaUnmap.GET_DIRTY_BITMAP,
          range.iova(),
          range.length());
      return DmaUnmap.SIZE_WITH_BITMAP;
    }, DmaUnmap.SIZE_WITH_BITMAP);
    memory.writes().reportInto(calls.name(), range, pageSize, bitmap);
    remove(range);
  }

  private void remove(IovaRange range) {
    memory.remove(range);
    mapped.subMap(range.iova(), true, range.last(), true).clear();
  }

  /** Removes all mappings. */
  public void unmapAll() throws DeviceException {
    calls.call("DMA_UNMAP of all", Command.DMA_UNMAP,
        head -> encodeUnmap(head, DmaUnmap.SIZE, DmaUnmap.ALL, 0, 0), MemorySegment.NULL,
        reader -> Boolean.TRUE);
    memory.removeAll();
    mapped.clear();
  }

  private static int encodeUnmap(MemorySegment head, int argsz, int flags, long iova, long length) {
    head.set(LittleEndian.U32, Header.SIZE, argsz);
    head.set(LittleEndian.U32, Header.SIZE + DmaUnmap.FLAGS, flags);
    head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.IOVA, iova);
    head.set(LittleEndian.U64, Header.SIZE + DmaUnmap.LENGTH, length);
    return DmaUnmap.SIZE;
  }

  /**
   * Returns the ranges in which to request the dirty pages of a range. The reference library only reports
   * exactly a mapping; other old servers have lost bits of a range that contains several. So servers other
   * than vfio4j's are queried mapping by mapping. Between mappings there is no memory that the device could
   * write.
   *
   * @return the range itself if it splits a mapping or contains none
   */
  List<IovaRange> reportRanges(IovaRange range) {
    if (reportsAnyRange) {
      return List.of(range);
    }
    Map.Entry<Long, IovaRange> before = mapped.lowerEntry(range.iova());
    List<IovaRange> within = List.copyOf(mapped.subMap(range.iova(), true, range.last(), true).values());
    boolean splitsMapping = (before != null && before.getValue().overlaps(range))
        || within.stream().anyMatch(mapping -> !range.contains(mapping.iova(), mapping.length()));
    return splitsMapping || within.isEmpty() ? List.of(range) : within;
  }
}
