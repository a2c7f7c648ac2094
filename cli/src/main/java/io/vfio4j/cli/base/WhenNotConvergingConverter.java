// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.policy.WhenNotConverging;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What to do when the downtime does not come to fit, as people write it: {@code force}. */
public final class WhenNotConvergingConverter implements ITypeConverter<WhenNotConverging> {

  /** The words that are accepted, for the completion of a shell. */
  public static final class Candidates extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    /** Makes the list. */
    public Candidates() {
      super(Arrays.stream(WhenNotConverging.values()).map(WhenNotConvergingConverter::format).toList());
    }
  }

  /** Makes a converter. */
  public WhenNotConvergingConverter() {
  }

  @Override
  public WhenNotConverging convert(String text) {
    return Arrays.stream(WhenNotConverging.values()).filter(value -> format(value).equals(text)).findFirst()
        .orElseThrow(() -> new TypeConversionException("'%s' is none of %s".formatted(text,
            Arrays.stream(WhenNotConverging.values()).map(WhenNotConvergingConverter::format)
                .collect(Collectors.joining(", ")))));
  }

  /** Returns how people write it. */
  public static String format(WhenNotConverging value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
