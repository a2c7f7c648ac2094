// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;

/** The peer answered a command with an error. The connection goes on. */
final class RemoteErrorException extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;

  RemoteErrorException(Command command, Errno errno) {
    super(command + ": " + errno);
    this.errno = errno;
  }

  Errno errno() {
    return errno;
  }
}
