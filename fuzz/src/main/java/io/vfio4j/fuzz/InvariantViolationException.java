// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

/** An invariant of the server does not hold. */
final class InvariantViolationException extends RuntimeException {

  private static final long serialVersionUID = 1;

  InvariantViolationException(String message) {
    super(message);
  }
}
