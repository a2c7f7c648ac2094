// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Closes what a failed constructor had opened. */
public final class Closeables {

  private Closeables() {
  }

  /** Closes; an error is suppressed in the failure. */
  public static void closeAfter(Exception failure, @Nullable Closeable... resources) {
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
