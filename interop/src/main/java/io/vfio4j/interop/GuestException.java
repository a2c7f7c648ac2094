// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;

/** A guest, or its QEMU, failed or does not respond. */
public final class GuestException extends IOException {

  private static final long serialVersionUID = 1;

  GuestException(String message) {
    super(message);
  }
}
