// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

/** What a client does next in a session. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
sealed interface Op {

  /**
   * Sends a message with a right header.
   *
   * @param command 0 to 31
   * @param flags of the header
   * @param fds what descriptors go with it, see {@link FdPool}
   * @param body what follows the header
   */
  record Message(int command, int flags, int fds, byte[] body) implements Op {
  }

  /**
   * Sends a message with a long body, all of one value.
   *
   * @param command 0 to 31
   * @param fds what descriptors go with it
   * @param head the first bytes of the body
   * @param length how many follow
   * @param fill their value
   */
  record Large(int command, int fds, byte[] head, int length, int fill) implements Op {
  }

  /**
   * Sends bytes as they are.
   *
   * @param fds what descriptors go with them
   * @param bytes the bytes
   */
  record Raw(int fds, byte[] bytes) implements Op {
  }

  /**
   * Sends back the data of the last MIG_DATA_READ, as MIG_DATA_WRITE.
   *
   * @param at where it is changed
   * @param xor how
   * @param length how much of it is sent at most
   */
  record Echo(int at, int xor, int length) implements Op {
  }

  /**
   * Has nothing to say while the device does what it has to do.
   *
   * @param rounds how often
   */
  record Idle(int rounds) implements Op {
  }

  /**
   * Lets time pass.
   *
   * @param micros microseconds
   */
  record Advance(int micros) implements Op {
  }

  /**
   * Sends the next message in two pieces, each by itself.
   *
   * @param at length of the first
   */
  record Split(int at) implements Op {
  }

  /** Sends the next message so that it can be received with the one before. */
  record Join() implements Op {
  }

  /**
   * Answers the server's commands otherwise from now on.
   *
   * @param mode see {@link DmaReplies}
   */
  record ReplyMode(int mode) implements Op {
  }

  /** Leaves the server waiting for as long as it waits at a time. */
  record Stall() implements Op {
  }
}
