// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.HEADER_BYTES;
import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;
import static io.vfio4j.devices.state.StateFormat.RECORD_HEADER_BYTES;

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
 * Writes the saved state, as {@link StateFormat} has it.
 *
 * <p>
 * Records are made in the reader's own memory, as long as it has room for one; a reader with less room gets a
 * record made aside, piece by piece.
 */
public final class BufferedSavingSession implements SavingSession {

  private enum Item {
    HEADER,
    PAGES,
    STATE,
    END,
    NONE
  }

  /** More than this is not read in one go, so that whoever waits for the device's thread gets its turn. */
  private static final long MAX_READ_BYTES = 16L << 20;

  private final String device;
  private final StateFormat format;
  private final StatePageTracker pages;
  private final StateImage image;
  private final CRC32C crc = new CRC32C();
  private final MemorySegment staging;
  private final ByteBuffer stagingView;
  /** The reader's memory and a view of it, kept because a reader mostly comes with the same again. */
  private MemorySegment reader = MemorySegment.NULL;
  private MemorySegment to = MemorySegment.NULL;
  private ByteBuffer view = littleEndian(to);
  private int stagingPosition;
  private int stagingLimit;
  private boolean stagingIsInitial;
  private boolean headerWritten;
  private boolean stateWritten;
  private boolean endWritten;
  private int recordNumber;
  private boolean inStopCopy;
  private boolean ended;

  /**
   * Begins a session.
   *
   * @param device the device's name
   * @param format how the stream is laid out
   * @param pages what is to be sent of the memory, the session's own
   * @param image saves the rest once the device is stopped
   */
  public BufferedSavingSession(String device, StateFormat format, StatePageTracker pages, StateImage image) {
    this.device = device;
    this.format = format;
    this.pages = pages;
    this.image = image;
    this.staging = MemorySegment
        .ofArray(new byte[RECORD_HEADER_BYTES + Math.max(PAGE_SIZE, image.bytes())]);
    this.stagingView = littleEndian(staging);
  }

  /** Returns the length of the whole state of a device, in bytes. */
  public static long totalLength(long pages, StateImage image) {
    return HEADER_BYTES + StateFormat.memoryBytes(pages) + StateFormat.tailBytes(image.bytes());
  }

  private static ByteBuffer littleEndian(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The device is in STOP_COPY: what is there now is the last of it. */
  public void enterStopCopy() {
    if (!ended) {
      pages.scanForChanges();
    }
    inStopCopy = true;
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    requireOpen("read the saved state");
    if (!isReader(into)) {
      reader = into;
      to = into.asSlice(0, Math.min(into.byteSize(), MAX_READ_BYTES));
      view = littleEndian(to);
    }
    if (!inStopCopy && stagingPosition == stagingLimit && headerWritten && pages.isEmpty()) {
      pages.scanForChanges();
    }
    int at = drain(to, 0);
    while (stagingPosition == stagingLimit && at < to.byteSize() && nextItem() != Item.NONE) {
      int shortest = minLength(nextItem());
      if (to.byteSize() - at >= shortest) {
        at += writeItem(to, view, at, (int) to.byteSize() - at);
      } else if (at > 0) {
        break;
      } else {
        stagingIsInitial = !headerWritten || pages.unswept() > 0;
        stagingPosition = 0;
        stagingLimit = writeItem(staging, stagingView, 0, shortest);
        at = drain(to, 0);
      }
    }
    return at == 0 && inStopCopy && stagingPosition == stagingLimit && nextItem() == Item.NONE ? END : at;
  }

  /** Segments are equal by address alone. */
  private boolean isReader(MemorySegment into) {
    return into.equals(reader) && into.byteSize() == reader.byteSize() && into.scope().equals(reader.scope());
  }

  private int drain(MemorySegment to, int at) {
    int length = (int) Math.min(stagingLimit - stagingPosition, to.byteSize() - at);
    MemorySegment.copy(staging, stagingPosition, to, at, length);
    stagingPosition += length;
    return length;
  }

  private Item nextItem() {
    if (!headerWritten) {
      return Item.HEADER;
    }
    if (!pages.isEmpty()) {
      return Item.PAGES;
    }
    if (!inStopCopy || endWritten) {
      return Item.NONE;
    }
    return stateWritten ? Item.END : Item.STATE;
  }

  /** Returns the room that the shortest form of an item takes. */
  private int minLength(Item item) {
    return switch (item) {
      case HEADER -> HEADER_BYTES;
      case PAGES -> RECORD_HEADER_BYTES + PAGE_SIZE;
      case STATE -> RECORD_HEADER_BYTES + image.bytes();
      case END -> RECORD_HEADER_BYTES;
      case NONE -> 0;
    };
  }

  /** Makes the next item where there is room for its shortest form. Returns its length. */
  private int writeItem(MemorySegment to, ByteBuffer view, int at, int room) {
    return switch (nextItem()) {
      case HEADER -> writeHeader(view, at);
      case PAGES -> writePages(to, view, at, room);
      case STATE -> writeState(to, view, at);
      case END -> writeEnd(view, at);
      case NONE -> 0;
    };
  }

  private int writeHeader(ByteBuffer view, int at) {
    format.putHeader(view, at, pages.bytes(), crc);
    headerWritten = true;
    return HEADER_BYTES;
  }

  private int writePages(MemorySegment to, ByteBuffer view, int at, int room) {
    int most = Math.min(StateFormat.MAX_RECORD_PAGES, (room - RECORD_HEADER_BYTES) / PAGE_SIZE);
    PageTracker.PageRun run = pages.copyNext(most, to, at + RECORD_HEADER_BYTES);
    return finishRecord(view, at, StateFormat.MEMORY, run.length(), run.offset());
  }

  private int writeState(MemorySegment to, ByteBuffer view, int at) {
    image.save(littleEndian(to.asSlice(at + RECORD_HEADER_BYTES, image.bytes())));
    stateWritten = true;
    return finishRecord(view, at, StateFormat.STATE, image.bytes(), 0);
  }

  private int writeEnd(ByteBuffer view, int at) {
    endWritten = true;
    return finishRecord(view, at, StateFormat.END, 0, 0);
  }

  private int finishRecord(ByteBuffer view, int at, int kind, int length, long offset) {
    StateFormat.putRecordHeader(view, at, kind, length, offset, recordNumber++, crc);
    return RECORD_HEADER_BYTES + length;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    requireOpen("read the pre-copy information");
    if (inStopCopy) {
      throw failure("read the pre-copy information in STOP_COPY", Errno.EINVAL);
    }
    long initial = initialBytes() + (stagingIsInitial ? stagingLimit - stagingPosition : 0);
    long changed = pages.dirty() * PAGE_SIZE + (stagingIsInitial ? 0 : stagingLimit - stagingPosition);
    return Optional.of(new PreCopyInfo(initial, changed, false));
  }

  private long initialBytes() {
    return (headerWritten ? 0 : HEADER_BYTES) + StateFormat.memoryBytes(pages.unswept());
  }

  /** Returns how much there is to read if the device is, or were to be, in STOP_COPY now. */
  public long remaining() {
    long tail = endWritten ? 0 : stateWritten ? RECORD_HEADER_BYTES : StateFormat.tailBytes(image.bytes());
    // Changed pages are seldom neighbours.
    long changed = pages.dirty() * (RECORD_HEADER_BYTES + PAGE_SIZE);
    return stagingLimit - stagingPosition + initialBytes() + changed + tail;
  }

  /** Refuses what comes after the end. */
  private void requireOpen(String action) throws DeviceException {
    if (ended) {
      throw failure(action, Errno.ENODEV);
    }
  }

  private DeviceException failure(String action, Errno errno) {
    return new DeviceException(device, action, errno);
  }

  /** Ends the session and frees what it holds. */
  @Override
  public void close() {
    ended = true;
    pages.close();
  }
}
