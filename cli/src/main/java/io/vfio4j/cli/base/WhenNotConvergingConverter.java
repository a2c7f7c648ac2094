// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.policy.WhenNotConverging;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses what to do at the deadline of pre-copy: the names of {@link WhenNotConverging} in lower case. */
public final class WhenNotConvergingConverter implements ITypeConverter<WhenNotConverging> {

  /** The accepted values, for shell completion. */
  public static final class Candidates extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    public Candidates() {
      super(Arrays.stream(WhenNotConverging.values()).map(WhenNotConvergingConverter::format).toList());
    }
  }

  @Override
  public WhenNotConverging convert(String text) {
    return Arrays.stream(WhenNotConverging.values()).filter(value -> format(value).equals(text)).findFirst()
        .orElseThrow(() -> new TypeConversionException("'%s' is not valid; expected one of %s".formatted(text,
            Arrays.stream(WhenNotConverging.values()).map(WhenNotConvergingConverter::format)
                .collect(Collectors.joining(", ")))));
  }

  /** Returns the value of the option. */
  public static String format(WhenNotConverging value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
