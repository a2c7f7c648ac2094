// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.Locale;

/** One of the two sides of a migration. */
public enum Side {
  /** Where the device runs at the beginning. */
  SOURCE,
  /** Where it runs at the end. */
  TARGET;

  /** Returns the name in lower case, as in {@code source}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
