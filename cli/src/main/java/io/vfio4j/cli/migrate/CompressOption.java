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

/** Whether what is sent is compressed. To be mixed in. */
final class CompressOption {

  private static final CompressionAlgorithm ALGORITHM = CompressionAlgorithm.ZSTD;

  @Option(names = "--compress", paramLabel = "LEVEL", description = "Compress with zstd, from 1 (the quickest) to 19: 1 for a link of up to some 2 Gbit/s, 3 for one of 1 or a file; more makes it little smaller (default: not at all).")
  private @Nullable Integer level;

  /**
   * Adds what was asked for to options.
   *
   * @throws CommandException if this installation cannot compress
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
