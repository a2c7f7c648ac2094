// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.DowntimeParts;
import java.time.Duration;

/**
 * How long a switchover would take now.
 *
 * @param remaining bytes to be sent while the device stands still
 * @param parts what the downtime would consist of
 * @param initialDone whether all initial data has been read, before which leaving pre-copy is not recommended
 */
public record Prediction(long remaining, DowntimeParts parts, boolean initialDone) {

  public Duration downtime() {
    return parts.total();
  }
}
