// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.PAGE_SIZE;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The saved state of a scratch device: a header, then records. All numbers are little-endian.
 *
 * <pre>
 * header:  u64 magic, u32 version, u32 bytes of the header, u64 bytes of memory, u32 0,
 *          u32 CRC-32C of the 28 before
 * record:  u32 kind, u32 bytes of payload, u64 offset, u32 number,
 *          u32 CRC-32C of the 20 before and the payload
 * </pre>
 *
 * <p>
 * Records are numbered from 0, so that one that is missing shows. First come MEMORY records with all pages in
 * order, then MEMORY records with pages that changed, then one of REGISTERS, and END.
 */
final class StreamFormat {

  static final long MAGIC = 0x53_4a_34_4f_49_46_56_89L;
  static final int VERSION = 1;
  static final int HEADER_BYTES = 32;
  static final int HEADER_CRC = 28;

  static final int RECORD_HEADER_BYTES = 24;
  static final int RECORD_LENGTH = 4;
  static final int RECORD_OFFSET = 8;
  static final int RECORD_NUMBER = 16;
  static final int RECORD_CRC = 20;

  static final int MEMORY = 1;
  static final int REGISTERS = 2;
  static final int END = 3;

  /** Pages in the longest record. */
  static final int MOST_PAGES = 16;
  static final int LONGEST_RECORD = RECORD_HEADER_BYTES + MOST_PAGES * PAGE_SIZE;

  /** Payload of the REGISTERS record: what {@link ScratchCore#saveRegisters} writes. */
  static final int REGISTERS_BYTES = 136;

  private StreamFormat() {
  }

  /** Returns how long records with so many pages are if they are as few as can be. */
  static long memoryBytes(long pages) {
    return pages * PAGE_SIZE + (pages + MOST_PAGES - 1) / MOST_PAGES * RECORD_HEADER_BYTES;
  }

  /** Returns how long the end of a stream is, from the registers on. */
  static long tailBytes() {
    return RECORD_HEADER_BYTES + REGISTERS_BYTES + RECORD_HEADER_BYTES;
  }

  static void putHeader(ByteBuffer to, int at, long memorySize, CRC32C crc) {
    to.putLong(at, MAGIC).putInt(at + 8, VERSION).putInt(at + 12, HEADER_BYTES).putLong(at + 16, memorySize);
    to.putInt(at + 24, 0).putInt(at + HEADER_CRC, headerCrc(to, at, crc));
  }

  static int headerCrc(ByteBuffer in, int at, CRC32C crc) {
    crc.reset();
    update(crc, in, at, HEADER_CRC);
    return (int) crc.getValue();
  }

  /** Puts the header of a record whose payload is there already. */
  static void putRecordHeader(ByteBuffer to, int at, int kind, int length, long offset, int number,
      CRC32C crc) {
    to.putInt(at, kind).putInt(at + RECORD_LENGTH, length).putLong(at + RECORD_OFFSET, offset);
    to.putInt(at + RECORD_NUMBER, number).putInt(at + RECORD_CRC, recordCrc(to, at, length, crc));
  }

  static int recordCrc(ByteBuffer in, int at, int length, CRC32C crc) {
    crc.reset();
    update(crc, in, at, RECORD_CRC);
    update(crc, in, at + RECORD_HEADER_BYTES, length);
    return (int) crc.getValue();
  }

  private static void update(CRC32C crc, ByteBuffer in, int at, int length) {
    crc.update(in.limit(at + length).position(at));
    in.clear();
  }
}
