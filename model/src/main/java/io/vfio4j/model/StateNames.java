// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Locale;

/**
 * Normalizes the spelling of state and feature names: {@code pre-copy}, {@code PRE_COPY}, {@code PreCopy}.
 */
public final class StateNames {

  private static final String KERNEL_PREFIX = "VFIODEVICESTATE";
  private static final String KERNEL_PREFIX_V1 = KERNEL_PREFIX + "V1";

  private StateNames() {
  }

  /** Returns a name in upper case, without separators. */
  public static String normalize(String name) {
    return name.strip().toUpperCase(Locale.ROOT).replaceAll("[-_ ]", "");
  }

  /** Returns the normalized name of a state, without the prefix of the kernel's constants. */
  public static String normalizeState(String name) {
    String key = normalize(name);
    if (key.startsWith(KERNEL_PREFIX_V1)) {
      return key.substring(KERNEL_PREFIX_V1.length());
    }
    return key.startsWith(KERNEL_PREFIX) ? key.substring(KERNEL_PREFIX.length()) : key;
  }
}
