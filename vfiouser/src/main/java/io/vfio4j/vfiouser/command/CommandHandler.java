// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;

/** Handles one kind of command. */
@FunctionalInterface
public interface CommandHandler {

  /**
   * Handles a command.
   *
   * @param request the command
   * @param reply the reply, empty
   * @throws ErrnoException to refuse it: the errno and the reason of the error reply
   */
  void handle(Request request, Reply reply) throws ErrnoException;
}
