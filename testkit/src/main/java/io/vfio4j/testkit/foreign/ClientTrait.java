// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

/** How a {@link ForeignClient} differs from one of vfio4j; traits can be combined. */
public enum ClientTrait {

  /** Refuses MIG_DATA_READ replies that are not filled up to the size asked for, as the C library's sample does. */
  REQUIRES_PADDING,
  /** Sends what belongs together without waiting for the replies in between. */
  PIPELINES,
  /** Asks for version 0.0. */
  VERSION_0_0,
  /** Names no capabilities, and takes none in the answer. */
  NO_JSON,
  /**
   * Takes 1 descriptor and 64 bytes of data in a message, and 2 mappings are all that it wants. It says so: not to be
   * combined with {@link #NO_JSON}.
   */
  SMALL_LIMITS,
  /** Does not look at the error flag of replies: a refusal is an answer to it, in which stands what it has asked. */
  IGNORES_ERRORS
}
