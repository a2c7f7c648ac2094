// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

/** An operation of a fuzzed client. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
sealed interface Op {

  /**
   * Sends a message with a valid header.
   *
   * @param command 0 to 31
   * @param flags the flags of the header
   * @param fds the descriptors sent with it, see {@link FdPool}
   * @param body the bytes after the header
   */
  record Message(int command, int flags, int fds, byte[] body) implements Op {
  }

  /**
   * Sends a message with a long body.
   *
   * @param command 0 to 31
   * @param fds the descriptors sent with it
   * @param head the first bytes of the body
   * @param length number of bytes after them
   * @param fill the value of each of those
   */
  record Large(int command, int fds, byte[] head, int length, int fill) implements Op {
  }

  /**
   * Sends raw bytes.
   *
   * @param fds the descriptors sent with them
   * @param bytes the bytes
   */
  record Raw(int fds, byte[] bytes) implements Op {
  }

  /**
   * Sends back the data of the last MIG_DATA_READ, as MIG_DATA_WRITE.
   *
   * @param at index of the byte that is changed
   * @param xor the bits that are flipped in it
   * @param length maximum number of bytes
   */
  record Echo(int at, int xor, int length) implements Op {
  }

  /**
   * Sends nothing while the device does its due work.
   *
   * @param rounds number of times
   */
  record Idle(int rounds) implements Op {
  }

  /**
   * Advances the clock.
   *
   * @param micros microseconds
   */
  record Advance(int micros) implements Op {
  }

  /**
   * Splits the next message in two.
   *
   * @param at size of the first part, bytes
   */
  record Split(int at) implements Op {
  }

  /** Sends the next message together with the previous one. */
  record Join() implements Op {
  }

  /**
   * Changes how the client replies to the server's commands.
   *
   * @param mode number of a {@link DmaReplyMode}
   */
  record ReplyMode(int mode) implements Op {
  }

  /** Sends nothing until the server's current wait times out. */
  record Stall() implements Op {
  }
}
