// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import java.io.IOException;

/** The workload failed to pause or to complete its page faults. */
public final class WorkloadException extends IOException {

  private static final long serialVersionUID = 1;

  WorkloadException(String message, IOException cause) {
    super(message, cause);
  }
}
