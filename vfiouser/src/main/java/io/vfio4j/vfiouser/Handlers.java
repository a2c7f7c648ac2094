// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.util.EnumMap;
import java.util.Map;

/** Who carries out which command of a client; nobody, before limits are agreed on. */
final class Handlers {

  private final Map<Command, CommandHandler> handlers = new EnumMap<>(Command.class);
  private final ClientLog log;
  private int mostFds;
  private boolean reasons;

  Handlers(ClientLog log) {
    this.log = log;
  }

  /**
   * Sets what was agreed on.
   *
   * @param maxMsgFds how many descriptors a message may bring
   * @param withReasons whether the client takes the reasons of refusals
   */
  void agreeOn(int maxMsgFds, boolean withReasons) {
    mostFds = maxMsgFds;
    reasons = withReasons;
  }

  void put(Command command, CommandHandler handler) {
    handlers.put(command, handler);
  }

  /** Carries out a request and answers it, if it wants an answer. */
  void carryOut(Request request, Reply reply, MessageSender sender) throws LinuxException, ProtocolException {
    reply.clear();
    try {
      of(request).handle(request, reply);
      if (reply.fdCount() > mostFds) {
        throw new ErrnoException(Errno.EINVAL, "an answer with more descriptors than the client takes");
      }
      if (request.wantsReply()) {
        reply.send(sender, request);
      }
    } catch (ErrnoException e) {
      log.refused(request, e);
      if (request.wantsReply()) {
        reply.sendError(sender, request, e.errno().number(), reasons ? e.reason() : "");
      }
    } finally {
      request.close();
    }
  }

  private CommandHandler of(Request request) throws ErrnoException {
    Command command = Command.fromWire(request.command());
    CommandHandler handler = command == null ? null : handlers.get(command);
    if (handler == null) {
      throw new ErrnoException(Errno.ENOSYS, "command " + request.command());
    }
    if (request.fds().count() > mostFds) {
      throw new ErrnoException(Errno.EINVAL, "a message with " + request.fds().count() + " descriptors");
    }
    return handler;
  }
}
