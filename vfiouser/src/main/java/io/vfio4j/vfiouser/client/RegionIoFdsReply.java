// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Structs.IoEventFd;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A reply to DEVICE_GET_REGION_IO_FDS. Entries of types other than ioeventfds are ignored: those places can
 * still be written by message.
 *
 * @param doorbells the doorbells
 * @param isTruncated whether the doorbells did not fit in the argsz of the request, so that none was sent
 */
record RegionIoFdsReply(Doorbells doorbells, boolean isTruncated) {

  /** Maximum size of a reply, bytes. */
  static final int MAX_SIZE = IoFds.SIZE + IoFds.MAX_DOORBELLS * IoEventFd.SIZE;

  /**
   * Reads a reply.
   *
   * @param reader at the beginning of the body
   * @param index index of the requested region
   * @param regionSize size of that region, bytes
   * @param argsz the argsz of the request
   * @param maxMsgFds maximum number of descriptors
   */
  static RegionIoFdsReply read(MessageReader reader, int index, long regionSize, int argsz, int maxMsgFds)
      throws LinuxException, ProtocolException {
    if (reader.remaining() < IoFds.SIZE || reader.remaining() > argsz) {
      throw new ProtocolException("%d bytes of doorbells with an argsz of %d"
          .formatted(reader.remaining(), argsz));
    }
    int size = (int) reader.remaining();
    int at = reader.readInPlace();
    MemorySegment reply = reader.buffer().segment().asSlice(at, size);
    long whole = Integer.toUnsignedLong(reply.get(LittleEndian.U32, 0));
    long count = Integer.toUnsignedLong(reply.get(LittleEndian.U32, IoFds.COUNT));
    if (reply.get(LittleEndian.U32, IoFds.FLAGS) != 0
        || reply.get(LittleEndian.U32, IoFds.INDEX) != index) {
      throw new ProtocolException("doorbells with unknown flags, or of another region");
    }
    if (whole > argsz) {
      return new RegionIoFdsReply(new Doorbells(List.of(), List.of()), true);
    }
    int entrySize = entrySize(count, whole - IoFds.SIZE);
    if (size < IoFds.SIZE + count * entrySize) {
      throw new ProtocolException("%d doorbells in %d bytes".formatted(count, size));
    }
    if (reader.fds().count() > maxMsgFds) {
      throw new ProtocolException("doorbells with " + reader.fds().count() + " descriptors");
    }
    return new RegionIoFdsReply(doorbells(reply, (int) count, entrySize, regionSize, reader.fds()), false);
  }

  private static int entrySize(long count, long bytes) throws ProtocolException {
    if (count == 0) {
      return IoEventFd.SIZE;
    }
    for (int size : new int[] {IoEventFd.SIZE, IoEventFd.SIZE_WITHOUT_SHADOW}) {
      if (count * size == bytes) {
        return size;
      }
    }
    throw new ProtocolException("invalid size of %d doorbells: %d bytes".formatted(count, bytes));
  }

  /** Decodes the doorbells. All are checked before any descriptor is taken. */
  private static Doorbells doorbells(MemorySegment reply, int count, int entrySize, long regionSize,
      ReceivedFds fds) throws ProtocolException {
    List<Doorbell> doorbells = new ArrayList<>();
    List<Integer> indexes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      MemorySegment entry = reply.asSlice(IoFds.SIZE + (long) i * entrySize, entrySize);
      if (entry.get(LittleEndian.U32, IoEventFd.TYPE) != IoEventFd.TYPE_IOEVENTFD) {
        continue;
      }
      int index = entry.get(LittleEndian.U32, IoEventFd.FD_INDEX);
      if (index < 0 || index >= fds.count()) {
        throw new ProtocolException("a doorbell with descriptor %s of %d descriptors"
            .formatted(Integer.toUnsignedString(index), fds.count()));
      }
      doorbells.add(doorbell(entry, regionSize));
      indexes.add(index);
    }
    TreeMap<Integer, EventFd> taken = new TreeMap<>();
    return new Doorbells(doorbells, indexes.stream()
        .map(index -> taken.computeIfAbsent(index, first -> EventFd.of(fds.take(first)))).toList());
  }

  private static Doorbell doorbell(MemorySegment entry, long regionSize) throws ProtocolException {
    long offset = entry.get(LittleEndian.U64, IoEventFd.OFFSET);
    long size = entry.get(LittleEndian.U64, IoEventFd.LENGTH);
    boolean hasMatch = (entry.get(LittleEndian.U32, IoEventFd.FLAGS) & IoEventFd.DATAMATCH) != 0;
    if (offset < 0 || size < 0 || offset >= regionSize || size > regionSize - offset
        || (hasMatch && !Doorbell.isAccessSize(size))) {
      throw new ProtocolException("invalid doorbell of %s bytes at %s in a region of %d bytes".formatted(
          Long.toUnsignedString(size), Long.toUnsignedString(offset), regionSize));
    }
    long match = entry.get(LittleEndian.U64, entry.byteSize() - Long.BYTES);
    return new Doorbell(offset, size, hasMatch ? OptionalLong.of(match) : OptionalLong.empty());
  }
}
