// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

/** Says why guests cannot be had on this machine, and what would change that. Not for what is wrong in this project. */
public final class UnavailableException extends Exception {

  private static final long serialVersionUID = 1;

  UnavailableException(String reason) {
    super(reason);
  }

  UnavailableException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
