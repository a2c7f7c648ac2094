// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;
import java.util.Locale;

/** Quantities for people. */
final class Words {

  private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

  private Words() {
  }

  static String bytes(long bytes) {
    double value = (double) bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
  }

  static String rate(double bytesPerSecond) {
    return bytes(Math.round(bytesPerSecond)) + "/s";
  }

  static String time(Duration duration) {
    return duration.toSeconds() >= 10 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
  }

  /** Returns what an exception says, or its kind in words if it says nothing: "closed channel". */
  static String of(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? kind(failure) : message;
  }

  private static String kind(Throwable failure) {
    String name = failure.getClass().getSimpleName().replaceFirst("(Exception|Error)$", "");
    return name.isEmpty() ? "unknown error"
        : name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }
}
