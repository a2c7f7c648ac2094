// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.exchange;

import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.wire.Command;
import org.jspecify.annotations.Nullable;

/** The peer replied to a command with an error. The connection stays usable. */
public final class RemoteErrorException extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;
  private final @Nullable String reason;

  public RemoteErrorException(Command command, Errno errno, @Nullable String reason) {
    super(command + ": " + errno + (reason == null ? "" : ": " + reason));
    this.errno = errno;
    this.reason = reason;
  }

  /** Returns the peer's reason, sanitized; null if it gave none. */
  public @Nullable String reason() {
    return reason;
  }

  public Errno errno() {
    return errno;
  }
}
