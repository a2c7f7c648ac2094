// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.handover;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * The image of a connection: bytes, and descriptors to which they refer by index. All numbers are little-endian.
 *
 * <pre>
 * image  = magic:u32 (0x34434656, "VFC4") version:u32 (1) record*
 * record = kind:u32 size:u32 fds:u32 (number of indexes) reserved:u32 (0) index:u32 * fds, byte * size
 * </pre>
 *
 * <p>
 * It is sent in parts ({@link #part}): part n has bytes and descriptors from n times the most that a message can
 * carry.
 */
public final class ConnectionImage implements AutoCloseable {

  /** Most bytes of an image: what a server defers, and room for 65535 mappings. */
  static final int MAX_BYTES = 32 << 20;
  /** Most descriptors of an image. */
  static final int MAX_FDS = 8192;

  private static final int MAGIC = 0x34434656;
  private static final int VERSION = 1;
  private static final int HEAD_SIZE = 8;
  private static final int RECORD_SIZE = 16;

  private final MemorySegment bytes;
  private final List<Fd> fds;
  private final boolean ownsFds;

  ConnectionImage(byte[] bytes, List<Fd> fds, boolean ownsFds) {
    this.bytes = MemorySegment.ofArray(bytes);
    this.fds = List.copyOf(fds);
    this.ownsFds = ownsFds;
  }

  /** A part of an image. */
  public record Part(MemorySegment bytes, List<Fd> fds, boolean isLast) {
  }

  /**
   * Returns a part.
   *
   * @param number from 0
   * @param maxBytes most bytes, at least 1
   * @param maxFds most descriptors
   * @throws ErrnoException EINVAL if there is no such part, or there are descriptors and {@code maxFds} is 0
   */
  public Part part(int number, int maxBytes, int maxFds) throws ErrnoException {
    if (maxFds < 1) {
      throw new ErrnoException(Errno.EINVAL, "no descriptor can be sent");
    }
    long parts = Math.max(Math.ceilDiv(bytes.byteSize(), maxBytes), Math.ceilDiv(fds.size(), maxFds));
    if (number < 0 || number >= parts) {
      throw new ErrnoException(Errno.EINVAL, "part %d of %d".formatted(number, parts));
    }
    long from = Math.min(bytes.byteSize(), (long) number * maxBytes);
    int fdsFrom = (int) Math.min(fds.size(), (long) number * maxFds);
    return new Part(bytes.asSlice(from, Math.min(maxBytes, bytes.byteSize() - from)),
        fds.subList(fdsFrom, (int) Math.min(fds.size(), (long) fdsFrom + maxFds)), number == parts - 1);
  }

  /**
   * Returns the records, which are valid as long as this image: the first is the only
   * {@link RecordKind#CONNECTION}, and the kinds are in order.
   *
   * @throws ErrnoException EINVAL if it is damaged or of another version
   */
  public List<ConnectionRecord> records() throws ErrnoException {
    if (bytes.byteSize() < HEAD_SIZE || bytes.get(LittleEndian.U32, 0) != MAGIC
        || bytes.get(LittleEndian.U32, 4) != VERSION) {
      throw damaged("it has another format");
    }
    List<ConnectionRecord> records = new ArrayList<>();
    for (long at = HEAD_SIZE; at < bytes.byteSize();) {
      if (bytes.byteSize() - at < RECORD_SIZE) {
        throw damaged("a record is cut off");
      }
      long size = Integer.toUnsignedLong(bytes.get(LittleEndian.U32, at + 4));
      long indexes = Integer.toUnsignedLong(bytes.get(LittleEndian.U32, at + 8)) * Integer.BYTES;
      long next = at + RECORD_SIZE + indexes + size;
      if (next > bytes.byteSize() || bytes.get(LittleEndian.U32, at + 12) != 0) {
        throw damaged("a record of %d bytes".formatted(size));
      }
      int wireValue = bytes.get(LittleEndian.U32, at);
      RecordKind kind = RecordKind.fromWire(wireValue)
          .orElseThrow(() -> damaged("a record of kind " + Integer.toUnsignedString(wireValue)));
      checkOrder(records, kind);
      if (kind == RecordKind.INPUT && size == 0) {
        throw damaged("input of 0 bytes"); // It would look like the end of the stream.
      }
      records
          .add(new ConnectionRecord(kind, bytes.asSlice(next - size, size), fds(at + RECORD_SIZE, indexes)));
      at = next;
    }
    if (records.isEmpty()) {
      throw damaged("it is empty");
    }
    return records;
  }

  private static void checkOrder(List<ConnectionRecord> before, RecordKind kind) throws ErrnoException {
    boolean isInOrder = before.isEmpty() ? kind == RecordKind.CONNECTION
        : kind != RecordKind.CONNECTION && kind.compareTo(before.getLast().kind()) >= 0;
    if (!isInOrder) {
      throw damaged("a record of kind " + kind + " as number " + before.size());
    }
  }

  private List<Fd> fds(long at, long size) throws ErrnoException {
    List<Fd> referenced = new ArrayList<>();
    for (long i = 0; i < size; i += Integer.BYTES) {
      int index = bytes.get(LittleEndian.U32, at + i);
      if (index < 0 || index >= fds.size()) {
        throw damaged("descriptor %s of %d".formatted(Integer.toUnsignedString(index), fds.size()));
      }
      referenced.add(fds.get(index));
    }
    return referenced;
  }

  private static ErrnoException damaged(String reason) {
    return new ErrnoException(Errno.EINVAL, "the image of the connection is not valid: " + reason);
  }

  /**
   * Returns a copy that has descriptors of its own.
   *
   * @throws ErrnoException EMFILE without descriptors
   */
  public ConnectionImage withOwnFds() throws ErrnoException {
    List<Fd> own = new ArrayList<>();
    try {
      for (Fd fd : fds) {
        own.add(fd.duplicate());
      }
    } catch (LinuxException e) {
      own.forEach(Fd::close);
      throw new ErrnoException(e.errno(), "a descriptor of the connection cannot be duplicated", e);
    }
    return new ConnectionImage(bytes.toArray(ValueLayout.JAVA_BYTE), own, true);
  }

  /** Closes the descriptors, if they are the image's. */
  @Override
  public void close() {
    if (ownsFds) {
      fds.forEach(Fd::close);
    }
  }

  /** Builds an image of descriptors that stay the caller's. */
  public static final class Builder {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Fd> fds = new ArrayList<>();
    private final IdentityHashMap<Fd, Integer> indexes = new IdentityHashMap<>();

    /** Begins with the record of the connection. */
    public Builder(ConnectionHead head, List<Fd> sockets) throws ErrnoException {
      number(MAGIC);
      number(VERSION);
      MemorySegment body = MemorySegment.ofArray(new byte[ConnectionHead.SIZE]);
      head.encode(body);
      add(new ConnectionRecord(RecordKind.CONNECTION, body, sockets));
    }

    /**
     * Adds a record.
     *
     * @throws ErrnoException ENOSPC if the image is too large
     */
    public Builder add(ConnectionRecord record) throws ErrnoException {
      byte[] body = record.body().toArray(ValueLayout.JAVA_BYTE);
      number(record.kind().wireValue());
      number(body.length);
      number(record.fds().size());
      number(0);
      for (Fd fd : record.fds()) {
        number(indexes.computeIfAbsent(fd, this::append));
      }
      bytes.writeBytes(body);
      if (bytes.size() > MAX_BYTES || fds.size() > MAX_FDS) {
        throw new ErrnoException(Errno.ENOSPC,
            "a connection with %d descriptors and %d bytes to pass on (at most %d and %d)".formatted(
                fds.size(),
                bytes.size(), MAX_FDS, MAX_BYTES));
      }
      return this;
    }

    private int append(Fd fd) {
      fds.add(fd);
      return fds.size() - 1;
    }

    private void number(int value) {
      for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
        bytes.write(value >>> shift);
      }
    }

    public ConnectionImage build() {
      return new ConnectionImage(bytes.toByteArray(), fds, false);
    }
  }

  /** Assembles an image from its parts. Owns the descriptors until {@link #build}. */
  public static final class Assembler implements AutoCloseable {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Fd> fds = new ArrayList<>();
    private int parts;

    /** Returns the number of the next part. */
    public int next() {
      return parts;
    }

    /**
     * Appends the next part.
     *
     * @param received its descriptors, which are duplicated
     * @throws ErrnoException ENOSPC if the image is too large, EMFILE without descriptors
     */
    public void append(MemorySegment data, List<Fd> received) throws ErrnoException {
      if (bytes.size() + data.byteSize() > MAX_BYTES || fds.size() + received.size() > MAX_FDS) {
        throw new ErrnoException(Errno.ENOSPC, "a connection of more than %d bytes or %d descriptors"
            .formatted(MAX_BYTES, MAX_FDS));
      }
      try {
        for (Fd fd : received) {
          fds.add(fd.duplicate());
        }
      } catch (LinuxException e) {
        throw new ErrnoException(e.errno(), "a descriptor of the connection cannot be kept", e);
      }
      bytes.writeBytes(data.toArray(ValueLayout.JAVA_BYTE));
      parts++;
    }

    /** Returns the image, which owns the descriptors then. */
    public ConnectionImage build() {
      ConnectionImage image = new ConnectionImage(bytes.toByteArray(), fds, true);
      fds.clear();
      return image;
    }

    @Override
    public void close() {
      fds.forEach(Fd::close);
      fds.clear();
    }
  }
}
