// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** The switchover took longer than it may. */
final class OverBudgetException extends IOException {

  private static final long serialVersionUID = 1;

  OverBudgetException(String message) {
    super(message);
  }
}
