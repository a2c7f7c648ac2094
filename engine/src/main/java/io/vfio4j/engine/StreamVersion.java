// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * The version of a migration stream, from its preamble.
 *
 * @param major a reader rejects an unknown one
 * @param minor a higher one may add frames and fields, which a reader skips unless they are marked mandatory
 */
public record StreamVersion(int major, int minor) {

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
