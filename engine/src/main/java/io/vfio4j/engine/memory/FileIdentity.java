// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

/**
 * A number of 128 bits that is equal for regions of memory of one file, whatever path leads to it, and on whatever host
 * they are told apart.
 *
 * @param high the first half
 * @param low the second half
 */
public record FileIdentity(long high, long low) {

  public static final int BYTES = 2 * Long.BYTES;
}
