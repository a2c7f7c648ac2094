// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A round of pre-copy ended; unknown values are -1. */
@Name("io.vfio4j.Round")
@Label("Pre-copy round")
@Description("A round of pre-copy ended")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class RoundEvent extends Event {

  @Label("Round")
  int round;

  @Label("Bytes of Devices")
  @DataAmount
  long deviceBytes;

  @Label("Bytes of Memory")
  @DataAmount
  long memoryBytes;

  @Label("Bytes of Devices Left")
  @DataAmount
  long deviceBytesLeft;

  @Label("Bytes of Memory Left")
  @DataAmount
  long memoryBytesLeft;

  @Label("Took")
  @Timespan(Timespan.NANOSECONDS)
  long took;

  @Label("Predicted Downtime, -1 if unknown")
  @Timespan(Timespan.NANOSECONDS)
  long predictedDowntime;
}
