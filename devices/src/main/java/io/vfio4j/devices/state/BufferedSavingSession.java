// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import static io.vfio4j.devices.state.StateFormat.HEADER_BYTES;
import static io.vfio4j.devices.state.StateFormat.PAGE_SIZE;

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
 * Reads a device's state in {@link StateFormat}: HEADER → PAGES, until STOP_COPY → STATE → END.
 *
 * <p>
 * Records are composed in the reader's memory if it has room for one. Otherwise a record is composed in a staging buffer,
 * and copied to the reader in parts.
 */
public final class BufferedSavingSession implements SavingSession {

  private enum Item {
    HEADER,
    PAGES,
    STATE,
    END,
    NONE
  }

  /** The maximum length of one read, so that the device's thread also handles other messages. */
  private static final long MAX_READ_BYTES = 16L << 20;

  private final String device;
  private final StateFormat format;
  private final StatePageTracker pages;
  private final StateImage image;
  private final CRC32C crc = new CRC32C();
  private final MemorySegment staging;
  private final ByteBuffer stagingView;
  /** The reader's memory and a view of it, cached since a reader usually passes the same memory. */
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
   * Opens a session.
   *
   * @param device the device's name
   * @param format the format of the stream
   * @param pages the pages to send; closed with the session
   * @param image the rest of the state, saved in STOP_COPY
   */
  public BufferedSavingSession(String device, StateFormat format, StatePageTracker pages, StateImage image) {
    this.device = device;
    this.format = format;
    this.pages = pages;
    this.image = image;
    this.staging = MemorySegment
        .ofArray(new byte[RecordHeader.BYTES + Math.max(PAGE_SIZE, image.bytes())]);
    this.stagingView = littleEndian(staging);
  }

  /** Returns the length of the whole state of a device, in bytes. */
  public static long totalLength(long pages, StateImage image) {
    return HEADER_BYTES + StateFormat.memoryBytes(pages) + StateFormat.tailBytes(image.bytes());
  }

  private static ByteBuffer littleEndian(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Called when the device enters STOP_COPY: its state no longer changes. */
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

  /** Segments are equal if their addresses are, so size and scope are compared too. */
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

  /** Returns the minimum length of an item. */
  private int minLength(Item item) {
    return switch (item) {
      case HEADER -> HEADER_BYTES;
      case PAGES -> RecordHeader.BYTES + PAGE_SIZE;
      case STATE -> RecordHeader.BYTES + image.bytes();
      case END -> RecordHeader.BYTES;
      case NONE -> 0;
    };
  }

  /** Writes the next item, for whose minimum length there is room, and returns its length. */
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
    format.putHeader(view, at, pages.bytes(), pages.passesMemory(), crc);
    headerWritten = true;
    return HEADER_BYTES;
  }

  private int writePages(MemorySegment to, ByteBuffer view, int at, int room) {
    int most = Math.min(StateFormat.MAX_RECORD_PAGES, (room - RecordHeader.BYTES) / PAGE_SIZE);
    PageTracker.PageRun run = pages.copyNext(most, to, at + RecordHeader.BYTES);
    return finishRecord(view, at, RecordHeader.MEMORY, run.length(), run.offset());
  }

  private int writeState(MemorySegment to, ByteBuffer view, int at) {
    image.save(littleEndian(to.asSlice(at + RecordHeader.BYTES, image.bytes())));
    stateWritten = true;
    return finishRecord(view, at, RecordHeader.STATE, image.bytes(), 0);
  }

  private int writeEnd(ByteBuffer view, int at) {
    endWritten = true;
    return finishRecord(view, at, RecordHeader.END, 0, 0);
  }

  private int finishRecord(ByteBuffer view, int at, int kind, int length, long offset) {
    new RecordHeader(kind, length, offset, recordNumber++).put(view, at, crc);
    return RecordHeader.BYTES + length;
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

  /** Returns how many bytes are left to read if the device enters STOP_COPY now. */
  public long remaining() {
    long tail = endWritten ? 0 : stateWritten ? RecordHeader.BYTES : StateFormat.tailBytes(image.bytes());
    // Changed pages are rarely adjacent.
    long changed = pages.dirty() * (RecordHeader.BYTES + PAGE_SIZE);
    return stagingLimit - stagingPosition + initialBytes() + changed + tail;
  }

  private void requireOpen(String action) throws DeviceException {
    if (ended) {
      throw failure(action, Errno.ENODEV);
    }
  }

  private DeviceException failure(String action, Errno errno) {
    return new DeviceException(device, action, errno);
  }

  /** Ends the session and releases the page trackers. */
  @Override
  public void close() {
    ended = true;
    pages.close();
  }
}
