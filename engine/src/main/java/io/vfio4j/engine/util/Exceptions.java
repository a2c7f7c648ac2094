// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import io.vfio4j.model.DeviceException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The original error always wins: what goes wrong after it is kept in it. */
public final class Exceptions {

  private Exceptions() {
  }

  /**
   * Returns why devices could not be brought where they should be after the original error: the last word of each.
   *
   * @param from how much was kept before that
   */
  public static String deviceReasons(Throwable original, int from) {
    Map<String, String> byDevice = new LinkedHashMap<>();
    Arrays.stream(original.getSuppressed()).skip(from).filter(DeviceException.class::isInstance)
        .map(DeviceException.class::cast).forEach(e -> byDevice.put(e.device(), message(e)));
    return String.join("; ", byDevice.values());
  }

  public static void suppress(Throwable original, Throwable later) {
    if (!later.equals(original)) { // A listener may throw the same one twice, and none can suppress itself.
      original.addSuppressed(later);
    }
  }

  /** Returns what an exception says, or its kind in words if it says nothing: "closed channel". */
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
