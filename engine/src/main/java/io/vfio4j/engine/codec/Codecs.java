// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import io.vfio4j.engine.util.RefusedException;
import java.io.IOException;

/** Where a side that is sent a compressed stream has the codec from. It is asked only if there is such a stream. */
@FunctionalInterface
public interface Codecs {

  /** Has none: compressed streams are refused. */
  Codecs NONE = algorithm -> {
    throw new RefusedException(
        "the stream is compressed with %s, which is not available here".formatted(algorithm.displayName()));
  };

  /**
   * Returns a codec.
   *
   * @throws IOException if it cannot be had, with words on what is missing
   */
  Codec codec(CompressionAlgorithm algorithm) throws IOException;
}
