// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;

/** The device changes too fast for what is left of it to fit into the downtime. */
final class NotConvergingException extends IOException {

  private static final long serialVersionUID = 1;

  NotConvergingException(MigrationOptions options, double dirtyRate, double bandwidth, Duration predicted) {
    super("""
        after %s of pre-copy the switchover would still take %s, and the limit is %s: the device changes %s, and \
        %s can be sent; allow more downtime, more bandwidth or more time, or let the workload do less"""
        .formatted(Words.time(options.convergenceDeadline()), Words.time(predicted),
            Words.time(options.maxDowntime()), Words.rate(dirtyRate), Words.rate(bandwidth)));
  }
}
