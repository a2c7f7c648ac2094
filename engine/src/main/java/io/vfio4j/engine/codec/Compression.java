// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.util.Optional;

/**
 * How a source compresses what it sends: the state of devices, and memory.
 *
 * @param codec does it
 * @param level from 1, the quickest, to {@link CompressionAlgorithm#maxLevel}
 */
public record Compression(Codec codec, int level) {

  /**
   * Checks the level.
   *
   * @throws IllegalArgumentException if there is no such level
   */
  public Compression {
    CompressionAlgorithm algorithm = codec.algorithm();
    if (level < 1 || level > algorithm.maxLevel()) {
      throw new IllegalArgumentException("levels of %s are from 1 to %d, but this is %d"
          .formatted(algorithm.displayName(), algorithm.maxLevel(), level));
    }
  }

  public static Optional<CompressionAlgorithm> algorithm(Optional<Compression> compression) {
    return compression.map(how -> how.codec().algorithm());
  }
}
