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

/**
 * Reads a recording, which may come from anywhere: each record is checked before anything of it is used. For one
 * thread.
 */
public final class RecordingReader implements AutoCloseable {

  private final InputStream file;
  private final byte[] bytes = new byte[RecordFormat.MAX_SIZE];
  private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  private long offset;

  /**
   * Begins to read.
   *
   * @param file the recording from its beginning on; this object closes it
   * @throws RecordingException if it is no recording, or of a version that is not known
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

  /** Tells whether the first bytes of a file are those of a recording. */
  public static boolean isRecording(byte[] beginning) {
    int length = RecordFormat.MAGIC.length;
    return beginning.length >= length && Arrays.equals(beginning, 0, length, RecordFormat.MAGIC, 0, length);
  }

  private void readHeader() throws IOException {
    int got = file.readNBytes(bytes, 0, RecordFormat.FILE_HEADER_SIZE);
    if (got < RecordFormat.FILE_HEADER_SIZE || !isRecording(bytes)) {
      throw failure("not a recording");
    }
    if (buffer.getInt(RecordFormat.HEADER_CRC_AT) != RecordFormat.headerCrc(buffer)) {
      throw failure("the header of the recording is damaged");
    }
    int major = Short.toUnsignedInt(buffer.getShort(RecordFormat.MAGIC.length));
    if (major != RecordFormat.MAJOR) {
      throw failure("a recording of version %d, and this program reads version %d".formatted(major,
          RecordFormat.MAJOR));
    }
    offset = got;
  }

  /**
   * Reads the next record.
   *
   * @return the record, or null at the end of the file
   * @throws RecordingException if the rest of the file cannot be read: it is cut off within a record, or damaged
   */
  public @Nullable RecordingEntry next() throws IOException {
    while (readRecord()) {
      int size = buffer.getInt(RecordFormat.SIZE_AT);
      RecordingEntry recorded = decode(size);
      offset += size;
      // Kinds that are not known are of a later version, which adds only what may be passed over.
      if (recorded != null) {
        return recorded;
      }
    }
    return null;
  }

  /** Reads a whole record, and checks it. Returns whether there was one. */
  private boolean readRecord() throws IOException {
    int got = file.readNBytes(bytes, 0, RecordFormat.HEADER_SIZE);
    if (got == 0) {
      return false;
    }
    int size = got < RecordFormat.HEADER_SIZE ? 0 : buffer.getInt(RecordFormat.SIZE_AT);
    if (got == RecordFormat.HEADER_SIZE
        && (size < RecordFormat.HEADER_SIZE || size > RecordFormat.MAX_SIZE)) {
      throw failure("a record of %d bytes".formatted(Integer.toUnsignedLong(size)));
    }
    if (got < RecordFormat.HEADER_SIZE
        || file.readNBytes(bytes, got, size - got) < size - got) {
      throw failure("the file is cut off within a record");
    }
    if (buffer.getInt(RecordFormat.CRC_AT) != RecordFormat.crc(buffer, size)) {
      throw failure("the checksum of a record is wrong");
    }
    return true;
  }

  private @Nullable RecordingEntry decode(int size) throws RecordingException {
    RecordKind kind = RecordKind.fromWire(Byte.toUnsignedInt(buffer.get(RecordFormat.KIND_AT)));
    int fdCount = Short.toUnsignedInt(buffer.getShort(RecordFormat.FDS_AT));
    int dataAt = RecordFormat.HEADER_SIZE + fdCount * RecordFormat.FD_SIZE;
    if (fdCount > RecordFormat.MAX_FDS || dataAt > size || size - dataAt > RecordFormat.MAX_DATA) {
      throw failure("a record that makes no sense");
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

  private RecordingException failure(String what) {
    return new RecordingException(offset, what);
  }

  /** Returns how many bytes of the file have been read and were right. */
  public long offset() {
    return offset;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
