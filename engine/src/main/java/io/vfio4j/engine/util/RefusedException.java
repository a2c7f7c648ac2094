// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.IOException;

/** The migration is not possible; found before a device was touched. */
public final class RefusedException extends IOException {

  private static final long serialVersionUID = 1;

  public RefusedException(String message) {
    super(message);
  }
}
