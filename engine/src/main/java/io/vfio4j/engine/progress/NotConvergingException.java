// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import java.io.IOException;

/** The predicted downtime does not come to fit the limit, and the policy aborts. */
public final class NotConvergingException extends IOException {

  private static final long serialVersionUID = 1;

  public NotConvergingException(String reason) {
    super(reason);
  }
}
