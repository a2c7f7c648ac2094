// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import java.nio.file.Path;

/**
 * A server process with a control socket.
 *
 * @param server the process
 * @param control the path of its control socket
 */
record ControlledServer(ChildServer server, Path control) {

  /** Returns the device's address for commands. */
  String address() {
    return "control:" + control;
  }
}
