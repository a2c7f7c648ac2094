// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/**
 * The parts of a server's message that are the same in each replay, as text. Omitted are the data of a
 * device's state and the counters of its traffic, which depend on time; data read from memory, which a
 * recording does not contain; dirty bitmaps; and the text of VERSION, which differs between versions of the
 * program.
 */
final class DeterministicText {

  private static final int FEATURE_FLAGS = 20;
  private static final int FEATURE_MASK = 0xffff;
  private static final int VERSION_FIELDS = 4;
  private static final int DMA_FIELDS = 16;
  private static final int REGION_FIELDS = 16;
  /** Fields of DEVICE_FEATURE: argsz and flags. */
  private static final int FEATURE_FIELDS = 8;
  private static final int MIG_FIELDS = 8;

  private DeterministicText() {
  }

  /** Returns the deterministic part of a message. */
  static String of(MemorySegment message) {
    WireMessage header = WireMessage.read(message);
    byte[] body = RecordedConnection.bytes(message.asSlice(WireMessage.HEADER));
    int length = Math.min(body.length, deterministicLength(header, message));
    boolean isWhole = length == body.length;
    return "command %d #%d flags 0x%x errno %d, %s%s".formatted(header.command(), header.id(), header.flags(),
        header.errno(), isWhole ? body.length + " bytes " : "", HexFormat.of().formatHex(body, 0, length));
  }

  private static int deterministicLength(WireMessage header, MemorySegment message) {
    return switch (header.command()) {
      case WireMessage.VERSION -> VERSION_FIELDS;
      case WireMessage.MIG_DATA_READ -> MIG_FIELDS;
      case WireMessage.DMA_WRITE -> DMA_FIELDS;
      case WireMessage.MIG_GET_PRECOPY_INFO -> MIG_FIELDS;
      case WireMessage.REGION_READ -> isCounter(message) ? REGION_FIELDS : Integer.MAX_VALUE;
      case WireMessage.DEVICE_FEATURE -> message.byteSize() > FEATURE_FLAGS + 4
          && isTimeDependent(WireMessage.u32(message, FEATURE_FLAGS) & FEATURE_MASK)
              ? FEATURE_FIELDS
              : Integer.MAX_VALUE;
      default -> Integer.MAX_VALUE;
    };
  }

  /** Returns whether a message is the reply to a read of a counter of the traffic. */
  private static boolean isCounter(MemorySegment message) {
    int end = WireMessage.HEADER + REGION_FIELDS;
    if (message.byteSize() < end || WireMessage.u32(message, end - 8) != ScratchLayout.REGISTERS_BAR) {
      return false;
    }
    int offset = WireMessage.u32(message, WireMessage.HEADER);
    return offset == ScratchLayout.TRAFFIC_COUNT || offset == ScratchLayout.CHURN_COUNT;
  }

  /** Returns true for DMA_LOGGING_REPORT, MIG_DATA_SIZE and the pre-copy info. */
  private static boolean isTimeDependent(int feature) {
    return feature == 8 || feature == 9 || feature == 0xff00;
  }
}
