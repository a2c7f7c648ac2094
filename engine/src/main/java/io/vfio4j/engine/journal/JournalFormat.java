// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The format of a journal. Little-endian.
 *
 * <pre>
 * journal = magic "VFIO4JJ1", record*
 * record  = u32  length of the body
 *           u32  CRC32C of the body
 *           body
 * body    = u8   step, by its index in {@link #STEPS}
 *           u64  time of the record, ms since 1970-01-01 UTC
 *           text reason
 *           header, in the first record only
 * header  = u8   side: 0 source, 1 target
 *           16 bytes migration
 *           u64  process id of the owner
 *           u64  time of its start, ms since 1970-01-01 UTC; 0 if unknown
 *           text peer
 *           u16  number of devices
 *           text name, for each device
 * text    = u16  length n
 *           n bytes of UTF-8, at most 4096
 * </pre>
 *
 * An incomplete record at the end of the file, possibly followed by zeros, is ignored: a crash may leave one. Any other damage
 * is an error.
 */
final class JournalFormat {

  /** The maximum length of a journal, in bytes. */
  static final int MAX_BYTES = 1 << 20;

  private static final List<JournalStep> STEPS = List.of(JournalStep.PREPARED, JournalStep.GIVEN,
      JournalStep.CONFIRMED, JournalStep.KEPT, JournalStep.ABANDONED, JournalStep.COMMITTED,
      JournalStep.RUNNING,
      JournalStep.REFUSED, JournalStep.RETURNED);
  private static final List<Side> SIDES = List.of(Side.SOURCE, Side.TARGET);

  private static final byte[] MAGIC = "VFIO4JJ1".getBytes(StandardCharsets.US_ASCII);
  private static final int RECORD_HEADER = 2 * Integer.BYTES;
  private static final int MAX_TEXT = 4096;

  private JournalFormat() {
  }

  /**
   * The contents of a file.
   *
   * @param contents empty if not even the first record is complete
   * @param end the end of the last complete record, in bytes
   */
  record ParseResult(Optional<JournalContents> contents, int end) {
  }

  static ByteBuffer firstRecord(Journal.Header header, OwnerProcess process, JournalRecord record) {
    ByteBuffer body = body(MAX_BYTES / 2);
    putRecord(body, record);
    body.put((byte) SIDES.indexOf(header.side()));
    header.migration().put(body);
    body.putLong(process.pid()).putLong(process.started().map(Instant::toEpochMilli).orElse(0L));
    putText(body, header.peer());
    body.putShort((short) header.devices().size());
    header.devices().forEach(name -> putText(body, name));
    ByteBuffer framed = frame(body.flip());
    return ByteBuffer.allocate(MAGIC.length + framed.remaining()).put(MAGIC).put(framed).flip();
  }

  static ByteBuffer nextRecord(JournalRecord record) {
    ByteBuffer body = body(MAX_TEXT + 64);
    putRecord(body, record);
    return frame(body.flip());
  }

  private static ByteBuffer body(int room) {
    return ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer frame(ByteBuffer body) {
    return ByteBuffer.allocate(RECORD_HEADER + body.remaining()).order(ByteOrder.LITTLE_ENDIAN)
        .putInt(body.remaining()).putInt(checksum(body)).put(body).flip();
  }

  private static int checksum(ByteBuffer body) {
    CRC32C crc = new CRC32C();
    crc.update(body.duplicate());
    return (int) crc.getValue();
  }

  private static void putRecord(ByteBuffer into, JournalRecord record) {
    into.put((byte) STEPS.indexOf(record.step())).putLong(record.at().toEpochMilli());
    putText(into, record.reason());
  }

  private static void putText(ByteBuffer into, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, MAX_TEXT);
    into.putShort((short) length).put(bytes, 0, length);
  }

  /**
   * Parses a journal.
   *
   * @param bytes the whole file
   * @param name the name of the file, for messages
   * @throws JournalException if it is damaged otherwise than by an incomplete last record
   */
  static ParseResult read(ByteBuffer bytes, String name) throws JournalException {
    int matching = bytes.order(ByteOrder.LITTLE_ENDIAN).mismatch(ByteBuffer.wrap(MAGIC));
    bytes.position(matching < 0 ? bytes.limit() : Math.min(matching, bytes.limit()));
    if (matching >= 0 && matching < MAGIC.length) {
      if (isZero(bytes)) {
        return new ParseResult(Optional.empty(), 0); // Its creation was interrupted.
      }
      throw new JournalException(name + " is not a journal of a migration", null);
    }
    return new Parser(bytes, name).run();
  }

  private static boolean isZero(ByteBuffer bytes) {
    for (int at = bytes.position(); at < bytes.limit(); at++) {
      if (bytes.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Parses the records of one file. */
  private static final class Parser {

    private final ByteBuffer bytes;
    private final String name;
    private final List<JournalRecord> records = new ArrayList<>();
    private Optional<Journal.Header> header = Optional.empty();
    private OwnerProcess process = new OwnerProcess(0, Optional.empty());

    Parser(ByteBuffer bytes, String name) {
      this.bytes = bytes;
      this.name = name;
    }

    ParseResult run() throws JournalException {
      int end = bytes.position();
      for (Optional<ByteBuffer> body = next(); body.isPresent(); body = next()) {
        readRecord(body.get());
        end = bytes.position();
      }
      return new ParseResult(header.map(known -> new JournalContents(known, process, records)), end);
    }

    /** Returns the next body; empty at the end, or if the rest is an incomplete record. */
    private Optional<ByteBuffer> next() throws JournalException {
      if (bytes.remaining() < RECORD_HEADER || isZero(bytes)) {
        return Optional.empty();
      }
      int at = bytes.position();
      long length = Integer.toUnsignedLong(bytes.getInt());
      int checksum = bytes.getInt();
      if (length > bytes.remaining()) {
        return Optional.empty();
      }
      ByteBuffer body = bytes.slice(bytes.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.position(bytes.position() + (int) length);
      if (checksum(body) == checksum) {
        return Optional.of(body);
      }
      if (isZero(bytes)) {
        return Optional.empty();
      }
      throw damaged(at, "wrong checksum, and more data follows");
    }

    private void readRecord(ByteBuffer body) throws JournalException {
      int at = bytes.position() - body.remaining() - RECORD_HEADER;
      JournalRecord record =
          new JournalRecord(readValue(STEPS, body, at), Instant.ofEpochMilli(readLong(body, at)),
              readText(body, at));
      if (header.isEmpty()) {
        readHeader(body, at);
        require(record.step() == JournalStep.PREPARED, at, "it does not begin with 'prepared'");
      } else {
        require(records.getLast().step().next(header.get().side()).contains(record.step()), at,
            "'%s' cannot follow '%s'".formatted(record.step(), records.getLast().step()));
      }
      require(!body.hasRemaining(), at, "a record is too long");
      records.add(record);
    }

    private void readHeader(ByteBuffer body, int at) throws JournalException {
      Side side = readValue(SIDES, body, at);
      MigrationId migration = new MigrationId(readLong(body, at), readLong(body, at));
      long pid = readLong(body, at);
      long started = readLong(body, at);
      process =
          new OwnerProcess(pid, started == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(started)));
      String peer = readText(body, at);
      require(body.remaining() >= Short.BYTES, at, "a record is too short");
      int count = Short.toUnsignedInt(body.getShort());
      List<String> devices = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        devices.add(readText(body, at));
      }
      header = Optional.of(new Journal.Header(migration, side, devices, peer));
    }

    private <T> T readValue(List<T> all, ByteBuffer body, int at) throws JournalException {
      require(body.hasRemaining(), at, "a record is too short");
      int number = Byte.toUnsignedInt(body.get());
      require(number < all.size(), at, "a record has the value %d, which is unknown".formatted(number));
      return all.get(number);
    }

    private long readLong(ByteBuffer body, int at) throws JournalException {
      require(body.remaining() >= Long.BYTES, at, "a record is too short");
      return body.getLong();
    }

    private String readText(ByteBuffer body, int at) throws JournalException {
      require(body.remaining() >= Short.BYTES, at, "a record is too short");
      int length = Short.toUnsignedInt(body.getShort());
      require(length <= body.remaining(), at, "a text extends beyond its record");
      byte[] text = new byte[length];
      body.get(text);
      return new String(text, StandardCharsets.UTF_8);
    }

    private void require(boolean holds, int at, String otherwise) throws JournalException {
      if (!holds) {
        throw damaged(at, otherwise);
      }
    }

    private JournalException damaged(int at, String how) {
      return new JournalException("%s is damaged at byte %d: %s".formatted(name, at, how), null);
    }
  }
}
