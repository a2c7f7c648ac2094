// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;

/** Carries out commands of a kind. */
@FunctionalInterface
interface CommandHandler {

  /**
   * Carries out one command.
   *
   * @param request what was asked
   * @param reply empty, for the answer
   * @throws ErrnoException for an error reply
   */
  void handle(Request request, Reply reply) throws ErrnoException;
}
