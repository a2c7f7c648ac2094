// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.io.IOException;

/** What was said of a region's capabilities cannot be. */
public final class MalformedChainException extends IOException {

  private static final long serialVersionUID = 1;

  MalformedChainException(String message) {
    super(message);
  }
}
