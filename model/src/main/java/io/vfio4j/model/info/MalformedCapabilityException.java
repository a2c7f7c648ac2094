// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import java.io.IOException;

/** A malformed chain of region capabilities. */
public final class MalformedCapabilityException extends IOException {

  private static final long serialVersionUID = 1;

  MalformedCapabilityException(String message) {
    super(message);
  }
}
