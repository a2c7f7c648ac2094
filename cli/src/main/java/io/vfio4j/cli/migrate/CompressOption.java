// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.LazyCodecs;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The option {@code --compress}: a picocli mixin. */
final class CompressOption {

  private static final CompressionAlgorithm ALGORITHM = CompressionAlgorithm.ZSTD;

  @Option(names = "--compress", paramLabel = "LEVEL", description = "Compress with zstd at LEVEL 1 (fastest) to 19: 1 suits links up to about 2 Gbit/s, 3 suits 1 Gbit/s and files; higher levels gain little (default: no compression).")
  private @Nullable Integer level;

  /**
   * Returns options with the compression, if given.
   *
   * @throws CommandException if this installation lacks the codec
   */
  MigrationOptions applyTo(MigrationOptions options, CommandSpec spec) throws CommandException {
    if (level == null) {
      return options;
    }
    try {
      return options.withCompression(LazyCodecs.INSTANCE.codec(ALGORITHM), level);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }
}
