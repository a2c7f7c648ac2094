// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The format of a recording, little-endian.
 *
 * <pre>{@code
 * struct file_header { char magic[8]; u16 major, minor; u32 crc; };   // crc: CRC32C of bytes 0 to 11
 * struct record {
 *   u32 size;          // of the whole record
 *   u32 crc;           // CRC32C of all bytes but these four
 *   u32 connection;    // from 1
 *   u8  kind;          // RecordKind
 *   u8  channel;       // 0 the socket, 1 the twin socket
 *   u16 num_fds;
 *   u64 nanos;         // since the recording started; in CONNECTED since 1970
 *   struct { u32 number, kind; u64 size; } fds[];
 *   u8  data[];        // the rest
 * };
 * }</pre>
 */
final class RecordFormat {

  static final byte[] MAGIC = {'V', 'F', 'I', 'O', '4', 'J', 'R', 'S'};
  static final int MAJOR = 1;
  static final int MINOR = 0;
  static final int FILE_HEADER_SIZE = 16;
  static final int HEADER_CRC_AT = 12;

  static final int SIZE_AT = 0;
  static final int CRC_AT = 4;
  static final int CONNECTION_AT = 8;
  static final int KIND_AT = 12;
  static final int CHANNEL_AT = 13;
  static final int FDS_AT = 14;
  static final int NANOS_AT = 16;
  static final int HEADER_SIZE = 24;
  static final int FD_SIZE = 16;

  /** SCM_MAX_FD: the maximum of one recvmsg. */
  static final int MAX_FDS = 253;
  /** Bytes of data in a record. A longer read or write is split into several records. */
  static final int MAX_DATA = 64 << 10;
  static final int MAX_SIZE = HEADER_SIZE + MAX_FDS * FD_SIZE + MAX_DATA;

  private RecordFormat() {
  }

  /** Returns the checksum of the record at the beginning of a buffer. */
  static int crc(ByteBuffer record, int size) {
    CRC32C crc = new CRC32C();
    crc.update(record.slice(0, CRC_AT));
    crc.update(record.slice(CRC_AT + Integer.BYTES, size - CRC_AT - Integer.BYTES));
    return (int) crc.getValue();
  }

  /** Returns the checksum of a file's header. */
  static int headerCrc(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.slice(0, HEADER_CRC_AT));
    return (int) crc.getValue();
  }
}
