// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes: a whole number of bytes, or with k, m, g or t (powers of 1024; KiB and so on are the same). */
public final class SizeConverter implements ITypeConverter<Long> {

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(?:([kmgt]?)(?:i?b)?)");
  private static final String UNITS = "kmgt";

  @Override
  public Long convert(String value) {
    return parse(value, "give a size such as 4096, 64k, 256m or 1g");
  }

  static long parse(String value, String right) {
    Matcher matcher = SIZE.matcher(value.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new TypeConversionException("'%s' is not a size: %s".formatted(value, right));
    }
    String unit = matcher.group(2);
    int shift = unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit) + 1);
    long number = Long.parseLong(matcher.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw new TypeConversionException("'%s' is too large: %s".formatted(value, right));
    }
    return number << shift;
  }
}
