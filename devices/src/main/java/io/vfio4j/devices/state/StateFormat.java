// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * How a device's saved state is laid out: a header, then records. All numbers are little-endian.
 *
 * <pre>
 * header:  u64 magic, u32 version, u32 bytes of the header, u64 bytes of memory, u32 device,
 *          u32 CRC-32C of the 28 before
 * record:  u32 kind, u32 bytes of payload, u64 offset, u32 number,
 *          u32 CRC-32C of the 20 before and the payload
 * </pre>
 *
 * <p>
 * Records are numbered from 0, so that one that is missing shows. First come MEMORY records with all pages in
 * order, then MEMORY records with pages that changed, then one of STATE, and END. Where a device has several
 * memories, they lie one behind the other.
 *
 * @param magic which kind of stream it is
 * @param version of what the STATE record holds
 * @param device of which device
 */
public record StateFormat(long magic, int version, int device) {

  /** The size of a page of device memory: the unit of tracking and of records. */
  public static final int PAGE_SIZE = 4096;
  /** What devices have that say what their state is made of: their STATE record is {@link DeclaredState}'s. */
  public static final long DECLARED = 0x31_56_45_44_4a_34_46_56L;

  static final int HEADER_BYTES = 32;
  static final int HEADER_CRC = 28;

  static final int RECORD_HEADER_BYTES = 24;
  static final int RECORD_LENGTH = 4;
  static final int RECORD_OFFSET = 8;
  static final int RECORD_NUMBER = 16;
  static final int RECORD_CRC = 20;

  static final int MEMORY = 1;
  static final int STATE = 2;
  static final int END = 3;

  /** Pages in the longest record. */
  static final int MAX_RECORD_PAGES = 16;
  static final int MAX_RECORD_BYTES = RECORD_HEADER_BYTES + MAX_RECORD_PAGES * PAGE_SIZE;

  /** The longest payload of a record, bytes. */
  public static final int MAX_PAYLOAD_BYTES = MAX_RECORD_PAGES * PAGE_SIZE;

  /** Returns what distinguishes it from every other format. */
  public String name() {
    return "%016x.%d.%08x".formatted(magic, version, device);
  }

  /** Returns how long records with so many pages are if they are as few as can be. */
  static long memoryBytes(long pages) {
    return pages * PAGE_SIZE + (pages + MAX_RECORD_PAGES - 1) / MAX_RECORD_PAGES * RECORD_HEADER_BYTES;
  }

  /** Returns how long the end of a stream is, from the STATE record on. */
  static long tailBytes(int stateBytes) {
    return 2L * RECORD_HEADER_BYTES + stateBytes;
  }

  void putHeader(ByteBuffer to, int at, long memorySize, CRC32C crc) {
    to.putLong(at, magic).putInt(at + 8, version).putInt(at + 12, HEADER_BYTES).putLong(at + 16, memorySize);
    to.putInt(at + 24, device).putInt(at + HEADER_CRC, headerCrc(to, at, crc));
  }

  /** Refuses a header that is not of such a device with so much memory, or is damaged. */
  void checkHeader(ByteBuffer in, int at, long memorySize, CRC32C crc) throws ErrnoException {
    if (in.getLong(at) != magic || in.getInt(at + 24) != device) {
      throw new ErrnoException(Errno.EINVAL, "this is not the state of such a device");
    }
    if (in.getInt(at + 8) != version || in.getInt(at + 12) != HEADER_BYTES) {
      throw new ErrnoException(Errno.EINVAL, "the state has version %d, this device knows version %d"
          .formatted(in.getInt(at + 8), version));
    }
    if (in.getLong(at + 16) != memorySize) {
      throw new ErrnoException(Errno.EINVAL, "the state has %s of memory, this device has %s"
          .formatted(describeSize(in.getLong(at + 16)), describeSize(memorySize)));
    }
    if (in.getInt(at + HEADER_CRC) != headerCrc(in, at, crc)) {
      throw new ErrnoException(Errno.EINVAL, "the header of the state is damaged");
    }
  }

  private static String describeSize(long bytes) {
    return bytes % (1 << 20) == 0 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
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
