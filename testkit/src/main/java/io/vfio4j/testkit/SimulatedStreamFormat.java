// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/**
 * The format of a simulated device's stream, little-endian. The end record is as long as a page record and padded with
 * zeros:
 *
 * <pre>
 * stream = header page* end
 * header = u32 MAGIC, u32 pages
 * page   = u32 number, u8[PAGE] content
 * end    = u32 END_RECORD, u32 CRC-32 of the whole content
 * </pre>
 */
final class SimulatedStreamFormat {

  static final int MAGIC = 0x4d495356;
  static final int END_RECORD = -1;
  static final int HEADER_BYTES = 8;
  static final int RECORD_BYTES = 4 + SimulatedState.PAGE;

  private SimulatedStreamFormat() {
  }
}
