// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;

/** A guest, or the QEMU that it runs in, does not do what it was told. */
public final class GuestException extends IOException {

  private static final long serialVersionUID = 1;

  GuestException(String message) {
    super(message);
  }
}
