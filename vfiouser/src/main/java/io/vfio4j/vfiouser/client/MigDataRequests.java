// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import java.lang.foreign.MemorySegment;

/** Encodes MIG_DATA_READ and MIG_DATA_WRITE, and decodes the reply to the former. */
final class MigDataRequests {

  private MigDataRequests() {
  }

  /** Encodes the fields of either command, and returns their size. */
  static int encode(MemorySegment head, int length) {
    head.set(LittleEndian.U32, Header.SIZE, MigData.SIZE + length);
    head.set(LittleEndian.U32, Header.SIZE + MigData.LENGTH, length);
    return MigData.SIZE;
  }

  /**
   * Reads the fields of a reply to MIG_DATA_READ, and returns the length of the valid data, which follows in
   * the reader. Some servers pad the data to the requested size; nothing else may follow it.
   *
   * @param requested bytes that were requested
   */
  static int readLength(MessageReader reader, long requested) throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, MigData.SIZE);
    int length = reader.buffer().segment().get(LittleEndian.U32, at + MigData.LENGTH);
    long sent = reader.remaining();
    if (length < 0 || length > requested || (sent != length && sent != requested)) {
      throw new ProtocolException("MIG_DATA_READ of %d bytes answered with %d bytes, of which %s are valid"
          .formatted(requested, sent, Integer.toUnsignedString(length)));
    }
    return length;
  }
}
