// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text form of a size in bytes: {@code NUMBER[UNIT]}, where UNIT is {@code k}, {@code m}, {@code g} or {@code t} for
 * powers of 1024, with or without {@code B} or {@code iB}, in either case.
 */
public final class ByteSize {

  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(?:([kmgt]?)(?:i?b)?)");
  private static final String UNITS = "kmgt";
  private static final int UNIT_SHIFT = 10;

  private ByteSize() {
  }

  /**
   * Returns the size in bytes.
   *
   * @throws IllegalArgumentException if the text is not a size
   */
  public static long parse(String text) {
    return parse(text, "expected a size such as 4096, 64k, 256m or 1g");
  }

  /**
   * Returns the size in bytes.
   *
   * @param hint the end of the error message, which says what is accepted
   * @throws IllegalArgumentException if the text is not a size
   */
  public static long parse(String text, String hint) {
    Matcher matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException("'%s' is not a size; %s".formatted(text, hint));
    }
    String unit = matcher.group(2);
    int shift = unit.isEmpty() ? 0 : UNIT_SHIFT * (UNITS.indexOf(unit) + 1);
    long number = Long.parseLong(matcher.group(1));
    if (number > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("'%s' is too large; %s".formatted(text, hint));
    }
    return number << shift;
  }
}
