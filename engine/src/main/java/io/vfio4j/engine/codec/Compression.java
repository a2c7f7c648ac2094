// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.util.Optional;

/**
 * How a source compresses what it sends: the state of devices, and memory.
 *
 * @param codec the algorithm
 * @param level from 1, the fastest, to {@link CompressionAlgorithm#maxLevel}
 */
public record Compression(Codec codec, int level) {

  /**
   * Checks the level.
   *
   * @throws IllegalArgumentException if the algorithm does not have it
   */
  public Compression {
    CompressionAlgorithm algorithm = codec.algorithm();
    if (level < 1 || level > algorithm.maxLevel()) {
      throw new IllegalArgumentException("%s has no level %d (1 to %d)"
          .formatted(algorithm.displayName(), level, algorithm.maxLevel()));
    }
  }

  public static Optional<CompressionAlgorithm> algorithm(Optional<Compression> compression) {
    return compression.map(settings -> settings.codec().algorithm());
  }
}
