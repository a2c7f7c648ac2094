// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * A stream of a device's state, open from the arc that begins it to the arc that ends it; the counterpart of
 * the kernel's {@code data_fd}.
 */
public sealed interface DataSession extends AutoCloseable permits SavingSession, ResumingSession {

  /** Closes the session. The state of the device does not change. */
  @Override
  void close();
}
