// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** The migration cannot be done, which was found out before a device was touched. */
final class RefusedException extends IOException {

  private static final long serialVersionUID = 1;

  RefusedException(String message) {
    super(message);
  }
}
