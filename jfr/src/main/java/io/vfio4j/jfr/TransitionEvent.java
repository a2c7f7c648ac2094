// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A device made a transition or was reset, from before the call until after it. */
@Name("io.vfio4j.DeviceMove")
@Label("Device transition")
@Description("A device made a transition or was reset; without a reached state, the call has not returned")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class TransitionEvent extends Event {

  @Label("Side")
  String side = "";

  @Label("Device")
  String device = "";

  @Label("From")
  String from = "";

  @Label("To")
  String to = "";

  @Label("Reached")
  @Nullable
  String reached;

  @Label("Reason")
  String reason = "";
}
