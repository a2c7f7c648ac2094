// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts an output format. picocli's own converter would report the names of the constants. */
final class OutputFormatConverter implements ITypeConverter<OutputFormat> {

  @Override
  public OutputFormat convert(String value) {
    for (OutputFormat format : OutputFormat.values()) {
      if (format.name().equalsIgnoreCase(value.strip())) {
        return format;
      }
    }
    throw new TypeConversionException("'%s' is not an output format; expected one of %s".formatted(value,
        Arrays.stream(OutputFormat.values()).map(OutputFormat::toString).collect(Collectors.joining(", "))));
  }
}
