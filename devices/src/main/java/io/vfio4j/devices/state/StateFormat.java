// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The format of a device's saved state. All numbers are little-endian.
 *
 * <pre>
 * stream:  header, MEMORY record..., STATE record, END record
 * header:  u64 magic, u32 version, u16 bytes of the header, u16 flags, u64 bytes of memory, u32 device,
 *          u32 CRC-32C of the 28 bytes before
 * record:  u32 kind (1 MEMORY, 2 STATE, 3 END), u32 bytes of payload, u64 offset, u32 number,
 *          u32 CRC-32C of the 20 bytes before and the payload
 * </pre>
 *
 * <p>
 * Flag 1: the memory goes by descriptor, beside the stream, so there is no MEMORY record. Such a stream is of use only to
 * a device that has adopted the memory.
 *
 * <p>
 * Records are numbered from 0, which detects a missing one. The first MEMORY records contain all pages in order, later
 * ones pages that have changed since. Several memories follow each other. The payload of STATE is defined by a
 * {@link StateImage}.
 *
 * @param magic identifies the kind of stream
 * @param version version of the STATE record
 * @param device identifies the kind of device
 */
public record StateFormat(long magic, int version, int device) {

  /** The size of a page of device memory: the unit of tracking and of records. */
  public static final int PAGE_SIZE = 4096;
  /** The magic of streams whose STATE record has the format of {@link DeclaredState}. */
  public static final long DECLARED = 0x31_56_45_44_4a_34_46_56L;

  static final int HEADER_BYTES = 32;
  static final int HEADER_CRC = 28;
  private static final int HEADER_FLAGS = 14;
  private static final int PASSES_MEMORY = 1;

  /** The maximum number of pages in a record. */
  static final int MAX_RECORD_PAGES = 16;
  static final int MAX_RECORD_BYTES = RecordHeader.BYTES + MAX_RECORD_PAGES * PAGE_SIZE;

  /** The maximum payload of a record in bytes. */
  public static final int MAX_PAYLOAD_BYTES = MAX_RECORD_PAGES * PAGE_SIZE;

  /** Returns the unique name of the format. */
  public String name() {
    return "%016x.%d.%08x".formatted(magic, version, device);
  }

  /** Returns the length of a number of pages in as few records as possible. */
  static long memoryBytes(long pages) {
    return pages * PAGE_SIZE + (pages + MAX_RECORD_PAGES - 1) / MAX_RECORD_PAGES * RecordHeader.BYTES;
  }

  /** Returns the length of the STATE and END records. */
  static long tailBytes(int stateBytes) {
    return 2L * RecordHeader.BYTES + stateBytes;
  }

  void putHeader(ByteBuffer to, int at, long memorySize, boolean passesMemory, CRC32C crc) {
    to.putLong(at, magic).putInt(at + 8, version).putShort(at + 12, (short) HEADER_BYTES)
        .putShort(at + HEADER_FLAGS, (short) (passesMemory ? PASSES_MEMORY : 0)).putLong(at + 16, memorySize);
    to.putInt(at + 24, device).putInt(at + HEADER_CRC, headerCrc(to, at, crc));
  }

  /**
   * Refuses a header of another device, version or size of memory, or with a wrong checksum.
   *
   * @return whether the memory goes by descriptor
   */
  boolean checkHeader(ByteBuffer in, int at, long memorySize, CRC32C crc) throws ErrnoException {
    if (in.getLong(at) != magic || in.getInt(at + 24) != device) {
      throw new ErrnoException(Errno.EINVAL, "this is not the state of a device of this kind");
    }
    int flags = in.getShort(at + HEADER_FLAGS);
    if (in.getInt(at + 8) != version || in.getShort(at + 12) != HEADER_BYTES
        || (flags & ~PASSES_MEMORY) != 0) {
      throw new ErrnoException(Errno.EINVAL, "the state has version %d, this device has version %d"
          .formatted(in.getInt(at + 8), version));
    }
    if (in.getLong(at + 16) != memorySize) {
      throw new ErrnoException(Errno.EINVAL, "the state has %s of memory, this device has %s"
          .formatted(describeSize(in.getLong(at + 16)), describeSize(memorySize)));
    }
    if (in.getInt(at + HEADER_CRC) != headerCrc(in, at, crc)) {
      throw new ErrnoException(Errno.EINVAL, "the header of the state is damaged");
    }
    return flags == PASSES_MEMORY;
  }

  private static String describeSize(long bytes) {
    return bytes % (1 << 20) == 0 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
  }

  static int headerCrc(ByteBuffer in, int at, CRC32C crc) {
    crc.reset();
    update(crc, in, at, HEADER_CRC);
    return (int) crc.getValue();
  }

  /** Updates a checksum with bytes of a buffer, whose position and limit are reset. */
  static void update(CRC32C crc, ByteBuffer in, int at, int length) {
    crc.update(in.limit(at + length).position(at));
    in.clear();
  }
}
