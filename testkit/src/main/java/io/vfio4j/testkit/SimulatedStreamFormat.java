// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

/**
 * The layout of a simulated device's stream: a header {u32 magic, u32 pages}, records {u32 page, content},
 * and at the end a record of the same length that begins with {u32 END_RECORD, u32 CRC32 of the whole
 * content}.
 */
final class SimulatedStreamFormat {

  static final int MAGIC = 0x4d495356;
  static final int END_RECORD = -1;
  static final int HEADER_BYTES = 8;
  static final int RECORD_BYTES = 4 + SimulatedState.PAGE;

  private SimulatedStreamFormat() {
  }
}
