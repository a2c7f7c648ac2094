// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Locale;

/** The requirement for a device to have an arc. */
enum ArcRequirement {
  /** Version 2: none. */
  ALWAYS("every device"),
  /** Version 2. */
  P2P("with P2P"),
  /** Version 2. */
  PRE_COPY("with PRE_COPY"),
  /** Version 2. */
  P2P_AND_PRE_COPY("with P2P and PRE_COPY"),
  /** Version 2: with P2P, there is a state in between. */
  WITHOUT_P2P("without P2P"),
  /** Version 2: likewise. */
  PRE_COPY_WITHOUT_P2P("with PRE_COPY, without P2P"),
  /** Version 1: drawn in the header, so mandatory. */
  MANDATORY("every device"),
  /** Version 1: the path back from an aborted migration; mandatory. */
  ABORT("every device, to abort"),
  /** Version 1: requires the capability. */
  NDMA("with NDMA"),
  /** Version 1: only found by trying. */
  OPTIONAL("some devices");

  private final String description;

  ArcRequirement(String description) {
    this.description = description;
  }

  /** Returns the text in tables and diagrams. */
  String description() {
    return description;
  }

  /** Returns the name in JSON. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the name in style sheets. */
  String styleClass() {
    return key().replace('_', '-');
  }
}
