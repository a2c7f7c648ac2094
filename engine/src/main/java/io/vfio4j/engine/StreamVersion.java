// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * The version of a migration stream, as its preamble says it.
 *
 * @param major another one is not understood
 * @param minor what a later one adds may be passed over, or is refused where it counts
 */
public record StreamVersion(int major, int minor) {

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
