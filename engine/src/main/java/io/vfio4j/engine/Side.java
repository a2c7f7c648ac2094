// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Locale;

/** A side of a migration. */
public enum Side {
  /** Where the devices run at first. */
  SOURCE,
  /** Where they run at the end. */
  TARGET;

  /** Returns the name in lower case, as in {@code source}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
