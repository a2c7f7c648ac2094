// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** A thread gave up what it did, since another one failed or the migration was cancelled. */
final class CalledOffException extends IOException {

  private static final long serialVersionUID = 1;

  CalledOffException() {
    super("called off");
  }
}
