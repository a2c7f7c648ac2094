// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import java.io.IOException;

/** What is left does not come to fit into the downtime, and the policy gives up. */
public final class NotConvergingException extends IOException {

  private static final long serialVersionUID = 1;

  public NotConvergingException(String reason) {
    super(reason);
  }
}
