// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.CompressionAlgorithm;
import io.vfio4j.engine.MigrationOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Whether what is sent is compressed. To be mixed in. */
final class CompressOption {

  private static final CompressionAlgorithm ALGORITHM = CompressionAlgorithm.ZSTD;

  @Option(names = "--compress", paramLabel = "LEVEL", description = "Compress with zstd, from 1 (the quickest) to 19; 1 or 3 for a link that is slower than a disk, more for files that are kept (default: not at all).")
  private @Nullable Integer level;

  /**
   * Adds what was asked for to options.
   *
   * @throws CommandFailure if this installation cannot compress
   */
  MigrationOptions in(MigrationOptions options, CommandSpec spec) throws CommandFailure {
    if (level == null) {
      return options;
    }
    try {
      return options.withCompression(LaterCodecs.INSTANCE.codec(ALGORITHM), level);
    } catch (IllegalArgumentException e) {
      throw Options.wrong(spec, e);
    }
  }
}
