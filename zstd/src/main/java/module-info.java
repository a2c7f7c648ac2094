// SPDX-License-Identifier: Apache-2.0
/**
 * Compresses migration streams with zstd. The native code is in {@code com.github.luben.zstd_jni}, which needs
 * native access.
 */
module io.vfio4j.zstd {
  requires static transitive org.jspecify;
  requires transitive io.vfio4j.engine;
  requires com.github.luben.zstd_jni;

  exports io.vfio4j.zstd;

  provides io.vfio4j.engine.codec.Codec with io.vfio4j.zstd.ZstdCodec;
}
