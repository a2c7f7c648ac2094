// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.output.OutputFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks of option values. */
public final class OptionValues {

  private OptionValues() {
  }

  /** Returns the value of an option that picocli has ensured is present. */
  public static <T> T required(@Nullable T value, String option) {
    if (value == null) {
      throw new IllegalStateException(option + " is required");
    }
    return value;
  }

  /**
   * Returns a file if it can be read.
   *
   * @throws ParameterException if it cannot
   */
  public static Path readableFile(CommandSpec spec, String option, Path file) {
    if (!Files.exists(file)) {
      throw new ParameterException(spec.commandLine(), "%s: no such file: %s".formatted(option, file));
    }
    if (Files.isDirectory(file) || !Files.isReadable(file)) {
      throw new ParameterException(spec.commandLine(), "%s: %s cannot be read as a file"
          .formatted(option, file));
    }
    return file;
  }

  /**
   * Returns the output file that an option names; empty if the option is absent.
   *
   * @throws ParameterException if the path cannot be an output file ({@link OutputFile#of})
   */
  public static Optional<OutputFile> outputFile(CommandSpec spec, String option, @Nullable Path file) {
    try {
      return file == null ? Optional.empty() : Optional.of(OutputFile.of(file));
    } catch (FileException e) {
      throw new ParameterException(spec.commandLine(), "%s: %s".formatted(option, e.getMessage()), e);
    }
  }

  /**
   * Returns a file if it can be read repeatedly and at any position. Opening a FIFO would block until it has a writer, and
   * could not be interrupted.
   */
  public static Path regularFile(CommandSpec spec, String option, Path file) {
    Path readable = readableFile(spec, option, file);
    if (Files.isRegularFile(readable) || SocketFile.isBlockDevice(readable)) {
      return readable;
    }
    throw new ParameterException(spec.commandLine(),
        "%s: %s is %s; expected a regular file, since it is read twice"
            .formatted(option, file, SocketFile.nonSocketKind(readable).orElse("a socket")));
  }

  /** Returns an exception as an error in the arguments of a command. */
  public static ParameterException usageError(CommandSpec spec, IllegalArgumentException e) {
    return new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
  }
}
