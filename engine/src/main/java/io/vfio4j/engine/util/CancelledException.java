// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.IOException;

/** A thread stopped working because another one failed or the migration was cancelled. */
public final class CancelledException extends IOException {

  private static final long serialVersionUID = 1;

  public CancelledException() {
    super("called off");
  }
}
