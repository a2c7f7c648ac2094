// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a positive duration: a number with the unit us, ms, s, m (minutes) or h. */
public final class DurationConverter implements ITypeConverter<Duration> {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(us|ms|s|m|h)");
  private static final Duration MAX_DURATION = Duration.ofDays(365);

  @Override
  public Duration convert(String value) {
    return parse(value);
  }

  public static Duration parse(String value) {
    Matcher matcher = DURATION.matcher(value.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'%s' is not a duration; expected a number with a unit, such as 50us, 300ms, 2s or 5m"
              .formatted(value));
    }
    BigDecimal nanos =
        new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(nanosPer(matcher.group(2))));
    if (nanos.signum() == 0 || nanos.compareTo(BigDecimal.valueOf(MAX_DURATION.toNanos())) > 0) {
      throw new TypeConversionException(
          "'%s' is out of range; expected more than 0 and at most a year".formatted(value));
    }
    return Duration.ofNanos(nanos.longValue());
  }

  private static long nanosPer(String unit) {
    return switch (unit) {
      case "us" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      case "h" -> 3_600_000_000_000L;
      default -> throw new IllegalArgumentException(unit);
    };
  }
}
