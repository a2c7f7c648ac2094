// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

/**
 * A number of 128 bits that is equal for regions of the same file, whatever path names it, and differs for other files and
 * other hosts.
 *
 * @param high the first 64 bits
 * @param low the last 64 bits
 */
public record FileIdentity(long high, long low) {

  public static final int BYTES = 2 * Long.BYTES;
}
