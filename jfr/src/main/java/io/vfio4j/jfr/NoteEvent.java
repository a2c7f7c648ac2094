// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A remark about the migration. */
@Name("io.vfio4j.Note")
@Label("Migration note")
@Description("A remark about the migration")
@Category({"vfio4j", "Migration"})
@StackTrace(false)
final class NoteEvent extends Event {

  @Label("Side")
  String side = "";

  @Label("Text")
  String text = "";
}
