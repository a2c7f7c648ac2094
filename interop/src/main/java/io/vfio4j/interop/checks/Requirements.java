// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.util.Objects;

/** What a check demands; it throws an AssertionError otherwise. */
final class Requirements {

  /** What is expected to be refused. */
  @FunctionalInterface
  interface Request {
    void send() throws DeviceException;
  }

  private Requirements() {
  }

  static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  static void requireEqual(Object expected, Object actual, String what) {
    require(Objects.equals(expected, actual),
        "%s: expected %s, but it is %s".formatted(what, expected, actual));
  }

  static void requireContains(String text, String part, String what) {
    require(text.contains(part), "%s: '%s' is not in: %s".formatted(what, part, text));
  }

  /** Demands that a request fails, and returns what it throws. */
  static DeviceException requireErrno(Errno errno, Request request, String what) {
    try {
      request.send();
    } catch (DeviceException e) {
      requireEqual(errno, e.errno(), what + ": " + e.getMessage());
      return e;
    }
    throw new AssertionError(what + ": it works, but should fail with " + errno);
  }
}
