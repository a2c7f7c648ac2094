// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Closes what a failed constructor had opened. */
final class Closing {

  private Closing() {
  }

  /** Closes; what goes wrong at that is suppressed in the failure. */
  static void after(Exception failure, @Nullable Closeable... resources) {
    for (Closeable resource : resources) {
      try {
        if (resource != null) {
          resource.close();
        }
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
