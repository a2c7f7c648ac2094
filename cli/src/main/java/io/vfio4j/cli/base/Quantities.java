// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.time.Duration;
import java.util.Locale;

/** Sizes, rates and durations as text. */
public final class Quantities {

  private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

  private Quantities() {
  }

  /** Returns a size, as in {@code 12.5 MiB}. */
  public static String bytes(long bytes) {
    return size((double) bytes);
  }

  private static String size(double bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
  }

  /** Returns a rate, as in {@code 12.5 MiB/s}. */
  public static String rate(double bytesPerSecond) {
    return size(bytesPerSecond) + "/s";
  }

  /** Returns a duration with two or three significant digits, as in {@code 4.2 ms} or {@code 1.3 s}. */
  public static String time(Duration duration) {
    double millis = duration.toNanos() / 1e6;
    if (millis < 10) {
      return String.format(Locale.ROOT, "%.1f ms", millis);
    }
    if (millis < 1000) {
      return String.format(Locale.ROOT, "%.0f ms", millis);
    }
    if (millis < 120_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000);
    }
    return "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart());
  }
}
