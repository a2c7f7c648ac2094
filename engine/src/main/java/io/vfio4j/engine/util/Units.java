// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.time.Duration;
import java.util.Locale;

/** Formats quantities for output. */
public final class Units {

  private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

  private Units() {
  }

  public static String bytes(long bytes) {
    double value = (double) bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
  }

  /** Returns a size with a unit, optionally exact. */
  public static String bytes(long bytes, boolean exact) {
    return exact ? bytes + " bytes" : bytes(bytes);
  }

  public static String rate(double bytesPerSecond) {
    return bytes(Math.round(bytesPerSecond)) + "/s";
  }

  public static String duration(Duration duration) {
    return duration.toSeconds() >= 10 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
  }
}
