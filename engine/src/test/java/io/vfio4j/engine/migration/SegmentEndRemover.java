// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.transport.ForwardingTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.zip.CRC32C;

/** Ends a segment with each DATA frame; the frames are otherwise intact. */
final class SegmentEndRemover extends ForwardingTransport {

  private static final int CHECKSUM = 12;

  SegmentEndRemover(Transport inner) {
    super(inner);
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    ByteBuffer frame =
        ByteBuffer.allocateDirect(data.remaining()).order(ByteOrder.LITTLE_ENDIAN).put(data).flip();
    if (frame.get(0) == FrameKind.DATA.wireValue()) {
      frame.put(1, (byte) FrameHeader.ENDS_SEGMENT);
      CRC32C crc = new CRC32C();
      crc.update(frame.duplicate().limit(CHECKSUM));
      crc.update(frame.duplicate().position(FrameHeader.BYTES));
      frame.putInt(CHECKSUM, (int) crc.getValue());
    }
    super.send(frame, stall);
  }
}
