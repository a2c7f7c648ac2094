// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.MessageSender;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import java.util.EnumMap;
import java.util.Map;

/** The handlers of a connection by command; empty until VERSION has succeeded. */
public final class CommandTable {

  private final Map<Command, CommandHandler> handlers = new EnumMap<>(Command.class);
  private final ClientLog log;
  private int maxFds;
  private boolean errorReasons;

  public CommandTable(ClientLog log) {
    this.log = log;
  }

  /**
   * Sets what was negotiated.
   *
   * @param maxFds the limit on descriptors in a message
   * @param errorReasons whether error replies contain reasons
   */
  public void applyNegotiated(int maxFds, boolean errorReasons) {
    this.maxFds = maxFds;
    this.errorReasons = errorReasons;
  }

  public void put(Command command, CommandHandler handler) {
    handlers.put(command, handler);
  }

  /** Executes a request and replies to it, unless it is posted. A refusal is logged. */
  public void execute(Request request, Reply reply, MessageSender sender)
      throws LinuxException, ProtocolException {
    reply.clear();
    try {
      handlerFor(request).handle(request, reply);
      if (reply.fdCount() > maxFds) {
        throw new ErrnoException(Errno.EINVAL, "a reply with more descriptors than the client accepts");
      }
      if (request.wantsReply()) {
        reply.send(sender, request);
      }
    } catch (ErrnoException e) {
      log.refused(request, e);
      if (request.wantsReply()) {
        reply.sendError(sender, request, e.errno().number(), errorReasons ? e.reason() : "");
      }
    } finally {
      request.close();
    }
  }

  /**
   * Executes a request without a reply.
   *
   * @throws ErrnoException if it is refused
   */
  public void apply(Request request, Reply reply) throws ErrnoException {
    reply.clear();
    try (request) {
      handlerFor(request).handle(request, reply);
    }
  }

  private CommandHandler handlerFor(Request request) throws ErrnoException {
    Command command = Command.fromWire(request.command());
    CommandHandler handler = command == null ? null : handlers.get(command);
    if (handler == null) {
      throw new ErrnoException(Errno.ENOSYS, "command " + request.command());
    }
    if (request.fds().count() > maxFds) {
      throw new ErrnoException(Errno.EINVAL, "a message with " + request.fds().count() + " descriptors");
    }
    return handler;
  }
}
