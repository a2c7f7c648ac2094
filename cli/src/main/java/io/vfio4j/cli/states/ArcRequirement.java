// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Locale;

/** On what it depends whether a device has an arc. */
enum ArcRequirement {
  /** Version 2: on nothing. */
  ALWAYS("every device"),
  /** Version 2. */
  P2P("with P2P"),
  /** Version 2. */
  PRE_COPY("with PRE_COPY"),
  /** Version 2. */
  P2P_AND_PRE_COPY("with P2P and PRE_COPY"),
  /** Version 2: P2P puts states in between. */
  WITHOUT_P2P("without P2P"),
  /** Version 2: likewise. */
  PRE_COPY_WITHOUT_P2P("with PRE_COPY, without P2P"),
  /** Version 1: drawn in the header, so that each device has it. */
  MANDATORY("every device"),
  /** Version 1: the way back from a migration that is given up; each device has it. */
  ABORT("every device, to give up"),
  /** Version 1: comes with the capability. */
  NDMA("with NDMA"),
  /** Version 1: known by trying. */
  OPTIONAL("may be missing");

  private final String description;

  ArcRequirement(String words) {
    this.description = words;
  }

  /** Returns what to tell people. */
  String description() {
    return description;
  }

  /** Returns the name for programs. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the name for style sheets. */
  String styleClass() {
    return key().replace('_', '-');
  }
}
