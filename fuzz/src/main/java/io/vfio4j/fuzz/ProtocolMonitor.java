// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;

/**
 * Monitors both directions, and checks the server's messages: each reply answers the next command that
 * requests one, and nothing else is sent except the server's own commands.
 */
final class ProtocolMonitor {

  private final ArrayDeque<WireMessage> unanswered = new ArrayDeque<>();
  private final byte[] header = new byte[WireMessage.HEADER];
  private int headerSize;
  private long bodyLeft;
  private boolean desynchronized;
  private long messages;

  /** Records bytes that the client sent. */
  void recordSent(MemorySegment bytes) {
    for (long at = 0; at < bytes.byteSize() && !desynchronized;) {
      long skipped = Math.min(bodyLeft, bytes.byteSize() - at);
      bodyLeft -= skipped;
      at += skipped;
      int copied = (int) Math.min(WireMessage.HEADER - headerSize, bytes.byteSize() - at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, header, headerSize, copied);
      headerSize += copied;
      at += copied;
      if (headerSize == WireMessage.HEADER) {
        headerSize = 0;
        recordMessage(WireMessage.read(MemorySegment.ofArray(header)));
      }
    }
  }

  private void recordMessage(WireMessage message) {
    messages++;
    if (message.size() < WireMessage.HEADER) {
      desynchronized = true;
    } else {
      bodyLeft = message.size() - WireMessage.HEADER;
    }
    // VERSION is always answered. A later command may stay unanswered if the server disconnects first.
    if (!message.isReply() && (message.wantsReply() || message.command() == WireMessage.VERSION)) {
      unanswered.add(message);
    }
  }

  /**
   * Checks a message that the server sent.
   *
   * @return its header, which is valid
   */
  WireMessage checkReceived(MemorySegment head, MemorySegment tail) {
    require(head.byteSize() >= WireMessage.HEADER, "a message without a header");
    WireMessage message = WireMessage.read(head);
    require(message.size() == head.byteSize() + tail.byteSize(),
        "a message whose size differs from its header",
        message);
    if (message.isCommand()) {
      require(message.command() == WireMessage.DMA_READ || message.command() == WireMessage.DMA_WRITE,
          "a command that only a client may send", message);
      return message;
    }
    require(message.isReply(), "a message of an unknown type", message);
    require(message.errno() != 0 == ((message.flags() & WireMessage.ERROR) != 0),
        "inconsistent errno and error flag",
        message);
    WireMessage command = unanswered.poll();
    while (command != null && !isReplyTo(message, command) && !command.wantsReply()) {
      command = unanswered.poll();
    }
    require(command != null && isReplyTo(message, command), "a reply that does not match the next command",
        message);
    return message;
  }

  private static boolean isReplyTo(WireMessage reply, WireMessage command) {
    return reply.id() == command.id() && reply.command() == command.command();
  }

  private static void require(boolean holds, String violation, WireMessage message) {
    require(holds, violation + ": " + message);
  }

  private static void require(boolean holds, String violation) {
    if (!holds) {
      throw new InvariantViolationException("the server sent " + violation);
    }
  }

  /** Returns the number of messages that the client began. */
  long messages() {
    return messages;
  }
}
