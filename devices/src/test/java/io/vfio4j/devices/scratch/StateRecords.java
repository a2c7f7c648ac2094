// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The records of a stream, independently implemented from docs/scratch-device.md, to detect changes of the format. */
final class StateRecords {

  static final int MEMORY = 1;
  static final int REGISTERS = 2;
  static final int END = 3;

  static final int HEADER_BYTES = 32;
  static final int RECORD_HEADER_BYTES = 24;
  static final int RECORD_LENGTH = 4;

  private StateRecords() {
  }

  /** Returns a header with a valid checksum. */
  static byte[] withChecksum(byte[] header) {
    ByteBuffer made = ByteBuffer.wrap(header.clone()).order(ByteOrder.LITTLE_ENDIAN);
    return made.putInt(28, crc(header, 28)).array();
  }

  /** Returns a record with number 0. */
  static byte[] record(int kind, byte[] payload, long offset) {
    ByteBuffer made =
        ByteBuffer.allocate(RECORD_HEADER_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    made.putInt(kind).putInt(payload.length).putLong(offset).putInt(0);
    byte[] summed = new byte[20 + payload.length];
    System.arraycopy(made.array(), 0, summed, 0, 20);
    System.arraycopy(payload, 0, summed, 20, payload.length);
    return made.putInt(crc(summed, summed.length)).put(payload).array();
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
