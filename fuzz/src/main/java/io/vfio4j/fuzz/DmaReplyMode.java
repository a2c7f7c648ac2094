// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

/**
 * How a client replies to the server's own commands. The order is part of the format of {@link FuzzInput}.
 */
enum DmaReplyMode {
  /** As the protocol requires. */
  CORRECT,
  /** With EFAULT. */
  ERROR,
  /** With the error flag, and errno 0. */
  ERROR_WITHOUT_ERRNO,
  /** With the id of another command. */
  WRONG_ID,
  /** With less than the fields. */
  TOO_SHORT,
  /** With eight bytes more. */
  TOO_LONG,
  /** With another address. */
  WRONG_ADDRESS,
  /** Not at all. */
  NONE;

  private static final DmaReplyMode[] VALUES = values();
  static final int COUNT = VALUES.length;

  /** Returns the mode of a byte of an input. */
  static DmaReplyMode of(int value) {
    return VALUES[value % COUNT];
  }
}
