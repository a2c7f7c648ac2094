// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a format; picocli's own answer to a wrong one would name the constants. */
final class FormatConverter implements ITypeConverter<Format> {

  @Override
  public Format convert(String value) {
    for (Format format : Format.values()) {
      if (format.name().equalsIgnoreCase(value.strip())) {
        return format;
      }
    }
    throw new TypeConversionException("'%s' is not a format: give one of %s".formatted(value,
        Arrays.stream(Format.values()).map(Format::toString).collect(Collectors.joining(", "))));
  }
}
