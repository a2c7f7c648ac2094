// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static io.vfio4j.devices.StreamFormat.HEADER_BYTES;
import static io.vfio4j.devices.StreamFormat.PAGE_SIZE;
import static io.vfio4j.devices.StreamFormat.RECORD_HEADER_BYTES;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Writes the saved state, as {@link StreamFormat} has it.
 *
 * <p>
 * Records are made in the reader's own memory, as long as it has room for one; a reader with less room gets a
 * record made aside, piece by piece.
 */
final class StateSaving implements SavingSession {

  private enum Item {
    HEADER,
    PAGES,
    STATE,
    END,
    NOTHING
  }

  /** More than this is not read in one go, so that whoever waits for the device's thread gets its turn. */
  private static final long LONGEST_READ = 16L << 20;

  private final String device;
  private final StreamFormat format;
  private final StatePages pages;
  private final StateImage image;
  private final CRC32C crc = new CRC32C();
  private final MemorySegment aside;
  private final ByteBuffer asideView;
  /** The reader's memory and a view of it, kept because a reader mostly comes with the same again. */
  private MemorySegment reader = MemorySegment.NULL;
  private MemorySegment to = MemorySegment.NULL;
  private ByteBuffer view = littleEndian(to);
  private int asideAt;
  private int asideEnd;
  private boolean asideInitial;
  private boolean headerWritten;
  private boolean stateWritten;
  private boolean endWritten;
  private int number;
  private boolean stopped;
  private boolean over;

  /**
   * Begins a session.
   *
   * @param device the device's name
   * @param format how the stream is laid out
   * @param pages what is to be sent of the memory, the session's own
   * @param image saves the rest once the device is stopped
   */
  StateSaving(String device, StreamFormat format, StatePages pages, StateImage image) {
    this.device = device;
    this.format = format;
    this.pages = pages;
    this.image = image;
    this.aside = MemorySegment
        .ofArray(new byte[RECORD_HEADER_BYTES + Math.max(PAGE_SIZE, image.bytes())]);
    this.asideView = littleEndian(aside);
  }

  /** Returns the length of the whole state of a device, in bytes. */
  static long wholeLength(long pages, StateImage image) {
    return HEADER_BYTES + StreamFormat.memoryBytes(pages) + StreamFormat.tailBytes(image.bytes());
  }

  private static ByteBuffer littleEndian(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The device is in STOP_COPY: what is there now is the last of it. */
  void stop() {
    if (!over) {
      pages.lookForChanges();
    }
    stopped = true;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read the saved state");
    if (!isReader(into)) {
      reader = into;
      to = into.asSlice(0, Math.min(into.byteSize(), LONGEST_READ));
      view = littleEndian(to);
    }
    if (!stopped && asideAt == asideEnd && headerWritten && pages.isEmpty()) {
      pages.lookForChanges();
    }
    int at = drain(to, 0);
    while (asideAt == asideEnd && at < to.byteSize() && next() != Item.NOTHING) {
      int shortest = shortest(next());
      if (to.byteSize() - at >= shortest) {
        at += make(to, view, at, (int) to.byteSize() - at);
      } else if (at > 0) {
        break;
      } else {
        asideInitial = !headerWritten || pages.initial() > 0;
        asideAt = 0;
        asideEnd = make(aside, asideView, 0, shortest);
        at = drain(to, 0);
      }
    }
    return at == 0 && stopped && asideAt == asideEnd && next() == Item.NOTHING ? END : at;
  }

  /** Segments are equal by address alone. */
  private boolean isReader(MemorySegment into) {
    return into.equals(reader) && into.byteSize() == reader.byteSize() && into.scope().equals(reader.scope());
  }

  private int drain(MemorySegment to, int at) {
    int length = (int) Math.min(asideEnd - asideAt, to.byteSize() - at);
    MemorySegment.copy(aside, asideAt, to, at, length);
    asideAt += length;
    return length;
  }

  private Item next() {
    if (!headerWritten) {
      return Item.HEADER;
    }
    if (!pages.isEmpty()) {
      return Item.PAGES;
    }
    if (!stopped || endWritten) {
      return Item.NOTHING;
    }
    return stateWritten ? Item.END : Item.STATE;
  }

  /** Returns the room that the shortest form of an item takes. */
  private int shortest(Item item) {
    return switch (item) {
      case HEADER -> HEADER_BYTES;
      case PAGES -> RECORD_HEADER_BYTES + PAGE_SIZE;
      case STATE -> RECORD_HEADER_BYTES + image.bytes();
      case END -> RECORD_HEADER_BYTES;
      case NOTHING -> 0;
    };
  }

  /** Makes the next item where there is room for its shortest form. Returns its length. */
  private int make(MemorySegment to, ByteBuffer view, int at, int room) {
    return switch (next()) {
      case HEADER -> makeHeader(view, at);
      case PAGES -> makePages(to, view, at, room);
      case STATE -> makeState(to, view, at);
      case END -> makeEnd(view, at);
      case NOTHING -> 0;
    };
  }

  private int makeHeader(ByteBuffer view, int at) {
    format.putHeader(view, at, pages.bytes(), crc);
    headerWritten = true;
    return HEADER_BYTES;
  }

  private int makePages(MemorySegment to, ByteBuffer view, int at, int room) {
    int most = Math.min(StreamFormat.MOST_PAGES, (room - RECORD_HEADER_BYTES) / PAGE_SIZE);
    PagesToSend.Run run = pages.copyNext(most, to, at + RECORD_HEADER_BYTES);
    return finish(view, at, StreamFormat.MEMORY, run.length(), run.offset());
  }

  private int makeState(MemorySegment to, ByteBuffer view, int at) {
    image.save(littleEndian(to.asSlice(at + RECORD_HEADER_BYTES, image.bytes())));
    stateWritten = true;
    return finish(view, at, StreamFormat.STATE, image.bytes(), 0);
  }

  private int makeEnd(ByteBuffer view, int at) {
    endWritten = true;
    return finish(view, at, StreamFormat.END, 0, 0);
  }

  private int finish(ByteBuffer view, int at, int kind, int length, long offset) {
    StreamFormat.putRecordHeader(view, at, kind, length, offset, number++, crc);
    return RECORD_HEADER_BYTES + length;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    checkOpen("read the pre-copy information");
    if (stopped) {
      throw failed("read the pre-copy information in STOP_COPY", Errno.EINVAL);
    }
    long initial = initialBytes() + (asideInitial ? asideEnd - asideAt : 0);
    long changed = pages.changed() * PAGE_SIZE + (asideInitial ? 0 : asideEnd - asideAt);
    return Optional.of(new PreCopyInfo(initial, changed, false));
  }

  private long initialBytes() {
    return (headerWritten ? 0 : HEADER_BYTES) + StreamFormat.memoryBytes(pages.initial());
  }

  /** Returns how much there is to read if the device is, or were to be, in STOP_COPY now. */
  long left() {
    long tail = endWritten ? 0 : stateWritten ? RECORD_HEADER_BYTES : StreamFormat.tailBytes(image.bytes());
    // Changed pages are seldom neighbours.
    long changed = pages.changed() * (RECORD_HEADER_BYTES + PAGE_SIZE);
    return asideEnd - asideAt + initialBytes() + changed + tail;
  }

  /** Refuses what comes after the end. */
  private void checkOpen(String action) throws DeviceException {
    if (over) {
      throw failed(action, Errno.ENODEV);
    }
  }

  private DeviceException failed(String action, Errno errno) {
    return new DeviceException(device, action, errno);
  }

  /** Ends the session and frees what it holds. */
  @Override
  public void close() {
    over = true;
    pages.close();
  }
}
