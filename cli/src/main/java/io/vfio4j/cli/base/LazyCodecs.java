// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import org.jspecify.annotations.Nullable;

/** Codecs, each loaded when a stream first needs it and then kept: a native library can be loaded only once. */
public final class LazyCodecs implements Codecs {

  /** The only instance. */
  public static final LazyCodecs INSTANCE = new LazyCodecs();

  /** Guarded by this. */
  private @Nullable Codec zstd;

  private LazyCodecs() {
  }

  @Override
  public synchronized Codec codec(CompressionAlgorithm algorithm) throws CommandException {
    return switch (algorithm) {
      case ZSTD -> zstd();
    };
  }

  private Codec zstd() throws CommandException {
    if (zstd == null) {
      zstd = OnDemandModules.load("io.vfio4j.zstd", Codec.class, "com.github.luben.zstd_jni");
    }
    return zstd;
  }
}
