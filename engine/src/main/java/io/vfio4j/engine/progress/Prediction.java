// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import java.time.Duration;

/**
 * The predicted downtime if the switchover happened now.
 *
 * @param remaining bytes to send during the downtime
 * @param parts the predicted parts
 * @param initialDone whether all initial data has been read; leaving pre-copy earlier is not recommended
 */
public record Prediction(long remaining, DowntimeParts parts, boolean initialDone) {

  public Duration downtime() {
    return parts.total();
  }
}
