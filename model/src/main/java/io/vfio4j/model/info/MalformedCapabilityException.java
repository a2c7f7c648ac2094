// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import java.io.IOException;

/** What was said of a region's capabilities cannot be. */
public final class MalformedCapabilityException extends IOException {

  private static final long serialVersionUID = 1;

  MalformedCapabilityException(String message) {
    super(message);
  }
}
