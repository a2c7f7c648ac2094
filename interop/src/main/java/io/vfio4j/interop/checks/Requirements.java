// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.util.Objects;

/** Assertions of checks; each throws an AssertionError if it does not hold. */
final class Requirements {

  /** A request that is expected to fail. */
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

  static void requireEqual(Object expected, Object actual, String subject) {
    require(Objects.equals(expected, actual),
        "%s: expected %s, but was %s".formatted(subject, expected, actual));
  }

  static void requireContains(String text, String part, String subject) {
    require(text.contains(part), "%s: '%s' not found in: %s".formatted(subject, part, text));
  }

  /** Requires that a request fails with an errno, and returns its exception. */
  static DeviceException requireErrno(Errno errno, Request request, String subject) {
    try {
      request.send();
    } catch (DeviceException e) {
      requireEqual(errno, e.errno(), subject + ": " + e.getMessage());
      return e;
    }
    throw new AssertionError(subject + ": succeeded instead of failing with " + errno);
  }
}
