// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A record was appended to the journal of a side. */
@Name("io.vfio4j.Recorded")
@Label("Journal record")
@Description("A record was appended to the journal of a side")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class JournalEvent extends Event {

  @Label("Side")
  String side = "";

  @Label("Migration")
  String migration = "";

  @Label("Step")
  String step = "";

  @Label("Took")
  @Timespan(Timespan.NANOSECONDS)
  long took;
}
