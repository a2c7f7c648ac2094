// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a recording from an untrusted source: each record is checked before it is used. Not thread-safe. */
public final class RecordingReader implements AutoCloseable {

  private final InputStream file;
  private final byte[] bytes = new byte[RecordFormat.MAX_SIZE];
  private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  private long offset;

  /**
   * Makes a reader, and checks the header.
   *
   * @param file the recording from its beginning, owned by the reader
   * @throws RecordingException if the file is not a recording, or has an unsupported version
   */
  public RecordingReader(InputStream file) throws IOException {
    this.file = file;
    try {
      readHeader();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Returns whether a file that begins with these bytes is a recording. */
  public static boolean isRecording(byte[] beginning) {
    int length = RecordFormat.MAGIC.length;
    return beginning.length >= length && Arrays.equals(beginning, 0, length, RecordFormat.MAGIC, 0, length);
  }

  private void readHeader() throws IOException {
    int count = file.readNBytes(bytes, 0, RecordFormat.FILE_HEADER_SIZE);
    if (count < RecordFormat.FILE_HEADER_SIZE || !isRecording(bytes)) {
      throw failure("not a recording");
    }
    if (buffer.getInt(RecordFormat.HEADER_CRC_AT) != RecordFormat.headerCrc(buffer)) {
      throw failure("the header of the recording is damaged");
    }
    int major = Short.toUnsignedInt(buffer.getShort(RecordFormat.MAGIC.length));
    if (major != RecordFormat.MAJOR) {
      throw failure("unsupported version %d of the recording (expected %d)".formatted(major,
          RecordFormat.MAJOR));
    }
    offset = count;
  }

  /**
   * Reads the next record.
   *
   * @return the record, or null at the end of the file
   * @throws RecordingException if the rest of the file cannot be read: it is truncated within a record, or
   *     damaged
   */
  public @Nullable RecordingEntry next() throws IOException {
    while (readRecord()) {
      int size = buffer.getInt(RecordFormat.SIZE_AT);
      RecordingEntry entry = decode(size);
      offset += size;
      // An unknown kind is of a later minor version, and may be ignored.
      if (entry != null) {
        return entry;
      }
    }
    return null;
  }

  /** Reads and checks a record. Returns false at the end of the file. */
  private boolean readRecord() throws IOException {
    int count = file.readNBytes(bytes, 0, RecordFormat.HEADER_SIZE);
    if (count == 0) {
      return false;
    }
    int size = count < RecordFormat.HEADER_SIZE ? 0 : buffer.getInt(RecordFormat.SIZE_AT);
    if (count == RecordFormat.HEADER_SIZE
        && (size < RecordFormat.HEADER_SIZE || size > RecordFormat.MAX_SIZE)) {
      throw failure("invalid record size %d".formatted(Integer.toUnsignedLong(size)));
    }
    if (count < RecordFormat.HEADER_SIZE
        || file.readNBytes(bytes, count, size - count) < size - count) {
      throw failure("the file is truncated within a record");
    }
    if (buffer.getInt(RecordFormat.CRC_AT) != RecordFormat.crc(buffer, size)) {
      throw failure("checksum mismatch in a record");
    }
    return true;
  }

  private @Nullable RecordingEntry decode(int size) throws RecordingException {
    RecordKind kind = RecordKind.fromWire(Byte.toUnsignedInt(buffer.get(RecordFormat.KIND_AT)));
    int fdCount = Short.toUnsignedInt(buffer.getShort(RecordFormat.FDS_AT));
    int dataAt = RecordFormat.HEADER_SIZE + fdCount * RecordFormat.FD_SIZE;
    if (fdCount > RecordFormat.MAX_FDS || dataAt > size || size - dataAt > RecordFormat.MAX_DATA) {
      throw failure("invalid record");
    }
    if (kind == null) {
      return null;
    }
    List<RecordedFd> fds = new ArrayList<>();
    for (int at = RecordFormat.HEADER_SIZE; at < dataAt; at += RecordFormat.FD_SIZE) {
      fds.add(new RecordedFd(buffer.getInt(at), FdKind.fromWire(buffer.getInt(at + Integer.BYTES)),
          buffer.getLong(at + Long.BYTES)));
    }
    MemorySegment data = MemorySegment.ofArray(Arrays.copyOfRange(bytes, dataAt, size)).asReadOnly();
    return new RecordingEntry(buffer.getInt(RecordFormat.CONNECTION_AT), kind,
        Byte.toUnsignedInt(buffer.get(RecordFormat.CHANNEL_AT)), buffer.getLong(RecordFormat.NANOS_AT),
        List.copyOf(fds), data);
  }

  private RecordingException failure(String message) {
    return new RecordingException(offset, message);
  }

  /** Returns the number of bytes read and verified. */
  public long offset() {
    return offset;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
