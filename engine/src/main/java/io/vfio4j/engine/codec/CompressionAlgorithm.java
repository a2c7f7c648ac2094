// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.util.Optional;

/** The algorithms that a migration stream may be compressed with. */
public enum CompressionAlgorithm {
  /** Zstandard (RFC 8878): each payload is one zstd frame, with its content size and without a dictionary. */
  ZSTD(1, "zstd", 19);

  private static final CompressionAlgorithm[] BY_WIRE = values();

  private final int wireValue;
  private final String displayName;
  private final int maxLevel;

  CompressionAlgorithm(int wireValue, String displayName, int maxLevel) {
    this.wireValue = wireValue;
    this.displayName = displayName;
    this.maxLevel = maxLevel;
  }

  public static Optional<CompressionAlgorithm> fromWire(int value) {
    return value >= 1 && value <= BY_WIRE.length ? Optional.of(BY_WIRE[value - 1]) : Optional.empty();
  }

  public int wireValue() {
    return wireValue;
  }

  public String displayName() {
    return displayName;
  }

  /** Returns the highest level; the lowest is 1. */
  public int maxLevel() {
    return maxLevel;
  }
}
