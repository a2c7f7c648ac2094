// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

/** This machine cannot run guests; the message states what is missing. Not used for errors in this project. */
public final class UnavailableException extends Exception {

  private static final long serialVersionUID = 1;

  UnavailableException(String reason) {
    super(reason);
  }

  UnavailableException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
