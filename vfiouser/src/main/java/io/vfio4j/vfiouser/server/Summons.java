// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;

/** Calls the thread that serves a VMM to another task, between two messages of the VMM. */
interface Summons {

  /** Returns whether {@link #serve} has something to do. From any thread. */
  boolean isSummoned();

  /** Does what the thread was called for. On that thread, between messages of the VMM. */
  void serve() throws LinuxException;

  /** Returns whether the VMM must not be served any more. From any thread. */
  boolean isStopping();
}
