// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * The stream of a device's state, open from the arc that begins it to the one that ends it; what the kernel's
 * {@code data_fd} is.
 */
public sealed interface DataSession extends AutoCloseable permits SavingSession, ResumingSession {

  /** Lets go of the session. It does not change the device's state. */
  @Override
  void close();
}
