// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.WhenNotConverging;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads what is to be done at the deadline: {@code wait}, {@code give-up} or {@code go-anyway}. */
final class PolicyConverter implements ITypeConverter<WhenNotConverging> {

  @Override
  public WhenNotConverging convert(String value) {
    for (WhenNotConverging when : WhenNotConverging.values()) {
      if (word(when).equalsIgnoreCase(value.strip())) {
        return when;
      }
    }
    throw new TypeConversionException("'%s': give %s".formatted(value, Arrays
        .stream(WhenNotConverging.values()).map(PolicyConverter::word).collect(Collectors.joining(", "))));
  }

  /** Returns how it is written on the command line. */
  static String word(WhenNotConverging when) {
    return when.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
