// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The header of a record of {@link StateFormat}.
 *
 * @param kind {@link #MEMORY}, {@link #STATE} or {@link #END}
 * @param length bytes of payload
 * @param offset offset in memory of a MEMORY record, 0 for other kinds
 * @param number the number of the record, from 0
 */
record RecordHeader(int kind, int length, long offset, int number) {

  static final int MEMORY = 1;
  static final int STATE = 2;
  static final int END = 3;

  /** The length of a header in bytes. */
  static final int BYTES = 24;

  private static final int LENGTH = 4;
  private static final int OFFSET = 8;
  private static final int NUMBER = 16;
  private static final int CRC = 20;

  /** Reads a header. Its values are not verified. */
  static RecordHeader get(ByteBuffer in, int at) {
    return new RecordHeader(in.getInt(at), in.getInt(at + LENGTH), in.getLong(at + OFFSET),
        in.getInt(at + NUMBER));
  }

  /** Writes the header of a record, whose payload is already in place, with its checksum. */
  void put(ByteBuffer to, int at, CRC32C crc) {
    to.putInt(at, kind).putInt(at + LENGTH, length).putLong(at + OFFSET, offset).putInt(at + NUMBER, number);
    to.putInt(at + CRC, checksum(to, at, crc));
  }

  /** Returns whether the checksum of a record is right. */
  boolean isIntact(ByteBuffer in, int at, CRC32C crc) {
    return in.getInt(at + CRC) == checksum(in, at, crc);
  }

  private int checksum(ByteBuffer in, int at, CRC32C crc) {
    crc.reset();
    StateFormat.update(crc, in, at, CRC);
    StateFormat.update(crc, in, at + BYTES, length);
    return (int) crc.getValue();
  }
}
