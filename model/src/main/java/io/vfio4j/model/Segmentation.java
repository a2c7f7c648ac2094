// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * What version 1 asks of whoever carries the state of a device: it comes in segments.
 *
 * @param maxLength bytes for which the device's migration region has room, at least 1: no segment is longer
 * @param isFixed whether the device must get the segments that were saved, in their sizes. Where it need not, the state
 *     is a plain stream of bytes, as in version 2, and may be cut anywhere
 */
public record Segmentation(long maxLength, boolean isFixed) {

  /** Checks the length. */
  public Segmentation {
    if (maxLength < 1) {
      throw new IllegalArgumentException("segments of at most " + maxLength + " bytes");
    }
  }
}
