// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.vfiouser.log.LogLevel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts the level of a server's log. */
final class LogLevelConverter implements ITypeConverter<LogLevel> {

  /** The accepted words, for shell completion. */
  static final class Candidates extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    Candidates() {
      super(Arrays.stream(LogLevel.values()).map(level -> level.name().toLowerCase(Locale.ROOT)).toList());
    }
  }

  @Override
  public LogLevel convert(String value) {
    return Arrays.stream(LogLevel.values())
        .filter(level -> level.name().equals(value.strip().toUpperCase(Locale.ROOT))).findFirst()
        .orElseThrow(() -> new TypeConversionException(
            "'%s' is not a log level; expected warning, info or debug".formatted(value)));
  }
}
