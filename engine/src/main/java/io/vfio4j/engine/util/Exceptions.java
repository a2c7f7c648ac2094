// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import io.vfio4j.model.DeviceException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Helpers for errors after an original error, which are suppressed in it. */
public final class Exceptions {

  private Exceptions() {
  }

  /**
   * Returns why devices could not be rolled back or reset after the original error: the last message of each.
   *
   * @param from how many exceptions were suppressed before
   */
  public static String deviceReasons(Throwable original, int from) {
    Map<String, String> byDevice = new LinkedHashMap<>();
    Arrays.stream(original.getSuppressed()).skip(from).filter(DeviceException.class::isInstance)
        .map(DeviceException.class::cast).forEach(e -> byDevice.put(e.device(), message(e)));
    return String.join("; ", byDevice.values());
  }

  public static void suppress(Throwable original, Throwable later) {
    if (!later.equals(original)) { // A listener may throw the same exception twice, and none can suppress itself.
      original.addSuppressed(later);
    }
  }

  /** Returns an exception's message or, without one, its type in words, as in "closed channel". */
  public static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? typeWords(failure) : message;
  }

  private static String typeWords(Throwable failure) {
    String name = failure.getClass().getSimpleName().replaceFirst("(Exception|Error)$", "");
    return name.isEmpty() ? "unknown error"
        : name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }
}
