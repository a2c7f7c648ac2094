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

/** Helps with options. */
public final class OptionValues {

  private OptionValues() {
  }

  /** Returns the value of an option that picocli requires. */
  public static <T> T required(@Nullable T value, String option) {
    if (value == null) {
      throw new IllegalStateException(option + " is required");
    }
    return value;
  }

  /** Returns a file if it can be read. */
  public static Path readableFile(CommandSpec spec, String option, Path file) {
    if (!Files.exists(file)) {
      throw new ParameterException(spec.commandLine(), "%s: no such file: %s".formatted(option, file));
    }
    if (Files.isDirectory(file) || !Files.isReadable(file)) {
      throw new ParameterException(spec.commandLine(), "%s: give a file that can be read, not %s"
          .formatted(option, file));
    }
    return file;
  }

  /**
   * Returns the file that an option names, if it can be written according to the rule for all of them.
   *
   * @throws ParameterException if it cannot
   */
  public static Optional<OutputFile> outputFile(CommandSpec spec, String option, @Nullable Path file) {
    try {
      return file == null ? Optional.empty() : Optional.of(OutputFile.of(file));
    } catch (FileException e) {
      throw new ParameterException(spec.commandLine(), "%s: %s".formatted(option, e.getMessage()), e);
    }
  }

  /**
   * Returns a file if it can be read more than once, and from any place. To open a FIFO would wait for its other end, and
   * nothing could interrupt that.
   */
  public static Path regularFile(CommandSpec spec, String option, Path file) {
    Path readable = readableFile(spec, option, file);
    if (Files.isRegularFile(readable) || SocketFile.isBlockDevice(readable)) {
      return readable;
    }
    throw new ParameterException(spec.commandLine(),
        "%s: %s is %s; give a regular file, since it is read twice"
            .formatted(option, file, SocketFile.nonSocketKind(readable).orElse("a socket")));
  }

  /** Makes an error in the arguments of one that was found later. */
  public static ParameterException usageError(CommandSpec spec, IllegalArgumentException e) {
    return new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
  }
}
