// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

/** Something does not hold that has to, whatever a client does. */
final class InvariantViolationException extends RuntimeException {

  private static final long serialVersionUID = 1;

  InvariantViolationException(String message) {
    super(message);
  }
}
