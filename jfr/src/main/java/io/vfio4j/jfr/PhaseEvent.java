// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A side was in a phase: from when it entered it until it left it. */
@Name("io.vfio4j.Phase")
@Label("Phase of a migration")
@Description("A side was in a phase; a round of pre-copy is one of its own")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class PhaseEvent extends Event {

  @Label("Side")
  String side = "";

  @Label("Phase")
  String phase = "";

  @Label("Round of Pre-copy")
  int round;

  @Label("Reason")
  String reason = "";
}
