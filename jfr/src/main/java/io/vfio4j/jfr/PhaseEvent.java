// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A side was in a phase, from entering it to leaving it. */
@Name("io.vfio4j.Phase")
@Label("Migration phase")
@Description("A side was in a phase; each round of pre-copy is a phase")
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
