// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import org.jspecify.annotations.Nullable;

/** Codecs, each loaded when the first stream needs it and kept for the next: a native library can be loaded but once. */
public final class LaterCodecs implements Codecs {

  /** All that there are. */
  public static final LaterCodecs INSTANCE = new LaterCodecs();

  private @Nullable Codec zstd;

  private LaterCodecs() {
  }

  @Override
  public synchronized Codec codec(CompressionAlgorithm algorithm) throws CommandFailure {
    return switch (algorithm) {
      case ZSTD -> zstd();
    };
  }

  private Codec zstd() throws CommandFailure {
    if (zstd == null) {
      zstd = LaterModules.service("io.vfio4j.zstd", Codec.class, "com.github.luben.zstd_jni");
    }
    return zstd;
  }
}
