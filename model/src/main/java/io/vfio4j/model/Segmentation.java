// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * How the state of a device with version 1 is divided into segments.
 *
 * @param maxLength the longest segment, in bytes, at least 1: the data that fits in the device's migration
 *     region
 * @param isFixed whether the device must receive the segments that were saved, in their sizes. If not, the
 *     state is a plain stream of bytes, as in version 2, and may be divided anywhere
 */
public record Segmentation(long maxLength, boolean isFixed) {

  /**
   * @throws IllegalArgumentException if the length is less than 1
   */
  public Segmentation {
    if (maxLength < 1) {
      throw new IllegalArgumentException("segments of at most " + maxLength + " bytes");
    }
  }
}
