// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.HEADER_BYTES;
import static io.vfio4j.devices.state.StateFormat.MAX_RECORD_BYTES;
import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Writes a saved state in {@link StateFormat} to a device's memory: header → pages → state → complete, or rejected from
 * any of them, for good.
 *
 * <p>
 * A record that lies within one write is verified in place and copied once; any other is gathered first. Nothing in the
 * stream is used before its checksum is verified, except lengths, which are checked against limits before anything is
 * allocated. The STATE record is kept until the device leaves RESUMING.
 */
public final class BufferedResumingSession implements ResumingSession {

  private static final long MAX_VIEW_BYTES = 1L << 30;

  private final String device;
  private final StateFormat format;
  private final StateMemory memory;
  private final StateImage image;
  private final CRC32C crc = new CRC32C();
  private final MemorySegment itemBuffer = MemorySegment.ofArray(new byte[MAX_RECORD_BYTES]);
  private final ByteBuffer itemView = itemBuffer.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  private int gathered;
  private ByteBuffer state = ByteBuffer.allocate(0);
  private boolean headerSeen;
  /** The memory goes by descriptor: no MEMORY record follows. */
  private boolean passesMemory;
  private boolean stateSeen;
  private boolean endSeen;
  private long swept;
  private int recordNumber;
  /** Why the state was rejected; empty if it was not. */
  private String rejection = "";
  private boolean ended;

  public BufferedResumingSession(String device, StateFormat format, StateMemory memory, StateImage image) {
    this.device = device;
    this.format = format;
    this.memory = memory;
    this.image = image;
  }

  /** Returns whether a complete and valid state was written. */
  public boolean isComplete() {
    return endSeen && rejection.isEmpty();
  }

  /** Returns the STATE record of a complete state. */
  public ByteBuffer state() {
    return state.rewind();
  }

  /** Returns why the state cannot be loaded. Only called if it is not complete. */
  public String defect() {
    if (!rejection.isEmpty()) {
      return rejection;
    }
    return headerSeen ? "the state ends in record " + recordNumber : "no state was written";
  }

  /** Returns whether a stream that contains its memory has begun. */
  public boolean containsMemory() {
    return headerSeen && !passesMemory;
  }

  /** Returns whether the written state lacks its memory, which goes by descriptor. */
  public boolean passesMemory() {
    return passesMemory;
  }

  /** Rejects the state and all further writes; the device must be reset. */
  public void reject(String reason) {
    rejection = reason;
  }

  private DeviceException failure(String action, Errno errno) {
    return new DeviceException(device, action, errno);
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    if (ended) {
      throw failure("write the state", Errno.ENODEV);
    }
    try {
      if (!rejection.isEmpty()) {
        throw new ErrnoException(Errno.EINVAL, "the state was already refused: " + rejection);
      }
      for (long at = 0; at < data.byteSize(); at += MAX_VIEW_BYTES) {
        accept(data.asSlice(at, Math.min(MAX_VIEW_BYTES, data.byteSize() - at)));
      }
    } catch (ErrnoException e) {
      if (rejection.isEmpty()) {
        rejection = e.reason();
      }
      throw new DeviceException(device, "write the state", e.errno(),
          "%s: write the state: %s".formatted(device, e.getMessage()), e);
    }
  }

  private void accept(MemorySegment data) throws ErrnoException {
    ByteBuffer view = data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    int end = (int) data.byteSize();
    int at = 0;
    while (at < end) {
      int whole = gathered == 0 ? itemLength(view, at, end - at) : 0;
      if (whole > 0 && whole <= end - at) {
        apply(data, view, at);
        at += whole;
      } else {
        at += gather(data, at, end - at);
      }
    }
  }

  /** Gathers bytes of an item that spans several writes, and applies it once it is complete. */
  private int gather(MemorySegment data, int at, int available) throws ErrnoException {
    int known = itemLength(itemView, 0, gathered);
    int wanted = (known > 0 ? known : headerLength()) - gathered;
    int length = Math.min(wanted, available);
    MemorySegment.copy(data, at, itemBuffer, gathered, length);
    gathered += length;
    if (itemLength(itemView, 0, gathered) == gathered) {
      apply(itemBuffer, itemView, 0);
      gathered = 0;
    }
    return length;
  }

  private int headerLength() {
    return headerSeen ? RecordHeader.BYTES : HEADER_BYTES;
  }

  /** Returns the length of the item at a position, 0 if its header is not complete. */
  private int itemLength(ByteBuffer view, int at, int available) throws ErrnoException {
    if (endSeen) {
      throw new ErrnoException(Errno.EINVAL, "data after the end of the state");
    }
    if (available < headerLength()) {
      return 0;
    }
    return headerSeen ? RecordHeader.BYTES + payloadLength(view, at) : HEADER_BYTES;
  }

  /** Returns the length of a record's payload if such a record is valid at this point. */
  private int payloadLength(ByteBuffer view, int at) throws ErrnoException {
    RecordHeader header = RecordHeader.get(view, at);
    boolean possible = switch (header.kind()) {
      case RecordHeader.MEMORY -> !stateSeen && !passesMemory && isPageRun(header.offset(), header.length());
      case RecordHeader.STATE ->
        !stateSeen && (passesMemory || swept == memory.size()) && image.acceptsLength(header.length())
            && header.offset() == 0;
      case RecordHeader.END -> stateSeen && header.length() == 0 && header.offset() == 0;
      default -> false;
    };
    if (!possible || header.number() != recordNumber) {
      throw corrupt("invalid kind, offset, length or number");
    }
    return header.length();
  }

  /** Returns whether pages lie within those loaded so far, or follow them immediately. */
  private boolean isPageRun(long offset, int length) {
    boolean pages =
        length > 0 && length <= StateFormat.MAX_RECORD_PAGES * PAGE_SIZE && length % PAGE_SIZE == 0
            && offset >= 0 && offset % PAGE_SIZE == 0;
    return pages && memory.contains(offset, length) && (offset == swept || offset <= swept - length);
  }

  private void apply(MemorySegment data, ByteBuffer view, int at) throws ErrnoException {
    if (!headerSeen) {
      boolean passes = format.checkHeader(view, at, memory.size(), crc);
      if (passes && !memory.isPassable()) {
        throw new ErrnoException(Errno.EINVAL,
            "the state lacks its memory, which goes by descriptor to a device that offers it; this one does not");
      }
      if (!passes && memory.isAdopted()) {
        throw new ErrnoException(Errno.EINVAL, "the state contains its memory, but memory was adopted");
      }
      passesMemory = passes;
      headerSeen = true;
      return;
    }
    RecordHeader header = RecordHeader.get(view, at);
    if (!header.isIntact(view, at, crc)) {
      throw corrupt("checksum mismatch");
    }
    recordNumber++;
    switch (header.kind()) {
      case RecordHeader.MEMORY -> load(data, at + RecordHeader.BYTES, header.offset(), header.length());
      case RecordHeader.STATE -> {
        state = ByteBuffer.allocate(header.length()).order(ByteOrder.LITTLE_ENDIAN);
        state.put(0, view, at + RecordHeader.BYTES, header.length());
        image.check(state());
        stateSeen = true;
      }
      default -> endSeen = true;
    }
  }

  private void load(MemorySegment data, int at, long offset, int length) {
    memory.load(data, at, offset, length);
    swept = Math.max(swept, offset + length);
  }

  private ErrnoException corrupt(String what) {
    return new ErrnoException(Errno.EBADMSG, "record %d is damaged: %s".formatted(recordNumber, what));
  }

  /** Ends the session. */
  @Override
  public void close() {
    ended = true;
  }
}
