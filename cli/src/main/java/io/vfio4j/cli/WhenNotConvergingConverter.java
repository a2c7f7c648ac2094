// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.WhenNotConverging;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What to do when the downtime does not come to fit, as people write it: {@code go-anyway}. */
public final class WhenNotConvergingConverter implements ITypeConverter<WhenNotConverging> {

  /** Makes a converter. */
  public WhenNotConvergingConverter() {
  }

  @Override
  public WhenNotConverging convert(String text) {
    return Arrays.stream(WhenNotConverging.values()).filter(value -> word(value).equals(text)).findFirst()
        .orElseThrow(() -> new TypeConversionException("'%s' is none of %s".formatted(text,
            Arrays.stream(WhenNotConverging.values()).map(WhenNotConvergingConverter::word)
                .collect(Collectors.joining(", ")))));
  }

  /** Returns how people write it. */
  public static String word(WhenNotConverging value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
