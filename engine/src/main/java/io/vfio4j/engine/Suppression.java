// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** The original error always wins: what goes wrong after it is kept in it. */
final class Suppression {

  private Suppression() {
  }

  static void keep(Throwable original, Throwable later) {
    if (!later.equals(original)) { // A listener may throw the same one twice, and none can suppress itself.
      original.addSuppressed(later);
    }
  }
}
