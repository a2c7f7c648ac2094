// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Frequency;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The progress of the source; unknown values are -1. */
@Name("io.vfio4j.Progress")
@Label("Migration progress")
@Description("The progress of the source")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class ProgressEvent extends Event {

  @Label("Round of Pre-copy")
  int round;

  @Label("Bytes Sent")
  @DataAmount
  long bytes;

  @Label("Rate")
  @DataAmount
  @Frequency
  double bytesPerSecond;

  @Label("Bytes Left, -1 if unknown")
  @DataAmount
  long remaining;

  @Label("Predicted Downtime, -1 if unknown")
  @Timespan(Timespan.NANOSECONDS)
  long predictedDowntime;

  @Label("Elapsed")
  @Timespan(Timespan.NANOSECONDS)
  long elapsed;
}
