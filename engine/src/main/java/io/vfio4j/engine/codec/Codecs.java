// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import io.vfio4j.engine.util.RefusedException;
import java.io.IOException;

/** Provides the codec to a side that receives a compressed stream; called only if there is one. */
@FunctionalInterface
public interface Codecs {

  /** No codec: compressed streams are refused. */
  Codecs NONE = algorithm -> {
    throw new RefusedException(
        "the stream is compressed with %s, which is not available here".formatted(algorithm.displayName()));
  };

  /**
   * Returns a codec.
   *
   * @throws IOException if it is not available; the message says what is missing
   */
  Codec codec(CompressionAlgorithm algorithm) throws IOException;
}
