// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import java.io.IOException;

/** The switchover exceeded the maximum downtime. */
public final class DowntimeExceededException extends IOException {

  private static final long serialVersionUID = 1;

  DowntimeExceededException(String message) {
    super(message);
  }
}
