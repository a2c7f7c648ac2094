// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

/** A difference between a {@link ForeignClient} and vfio4j's client; traits can be combined. */
public enum ClientTrait {

  /** Rejects MIG_DATA_READ replies that are not padded to the requested size, as libvfio-user's sample does. */
  REQUIRES_PADDING,
  /** Pipelines related commands instead of waiting for each reply. */
  PIPELINES,
  /** Requests version 0.0. */
  VERSION_0_0,
  /** Sends no capabilities and accepts none in the reply. */
  NO_JSON,
  /**
   * Accepts 1 descriptor and 64 bytes of data per message, and uses at most 2 mappings. It announces these limits,
   * so it cannot be combined with {@link #NO_JSON}.
   */
  SMALL_LIMITS,
  /** Ignores the error flag of replies: it reads an error reply as a success whose body is the request. */
  IGNORES_ERRORS
}
