// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.util.Objects;

/** What a check demands; it throws an AssertionError otherwise. */
final class Require {

  /** What is expected to be refused. */
  @FunctionalInterface
  interface Request {
    void send() throws DeviceException;
  }

  private Require() {
  }

  static void that(boolean condition, String otherwise, Object... arguments) {
    if (!condition) {
      throw new AssertionError(otherwise.formatted(arguments));
    }
  }

  static void equal(Object expected, Object actual, String what, Object... arguments) {
    that(Objects.equals(expected, actual), "%s: expected %s, but it is %s", what.formatted(arguments),
        expected,
        actual);
  }

  static void contains(String text, String part, String what) {
    that(text.contains(part), "%s: '%s' is not in: %s", what, part, text);
  }

  /** Demands that a request fails, and returns what it throws. */
  static DeviceException refused(Errno errno, Request request, String what, Object... arguments) {
    try {
      request.send();
    } catch (DeviceException e) {
      equal(errno, e.errno(), "%s: %s", what.formatted(arguments), e.getMessage());
      return e;
    }
    throw new AssertionError(what.formatted(arguments) + ": it works, but should fail with " + errno);
  }
}
