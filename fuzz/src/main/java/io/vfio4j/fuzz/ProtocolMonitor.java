// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;

/**
 * Listens to both ends, and checks that the server answers as it must: each reply to the next command that wants one,
 * whatever the command was, and nothing else but its own commands.
 */
final class ProtocolMonitor {

  private final ArrayDeque<WireMessage> unanswered = new ArrayDeque<>();
  private final byte[] header = new byte[WireMessage.HEADER];
  private int headerSize;
  private long bodyLeft;
  private boolean desynchronized;
  private long messages;

  /** Hears what the client sent. */
  void recordSent(MemorySegment bytes) {
    for (long at = 0; at < bytes.byteSize() && !desynchronized;) {
      long skipped = Math.min(bodyLeft, bytes.byteSize() - at);
      bodyLeft -= skipped;
      at += skipped;
      int taken = (int) Math.min(WireMessage.HEADER - headerSize, bytes.byteSize() - at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, header, headerSize, taken);
      headerSize += taken;
      at += taken;
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
    // VERSION is always answered; which commands the server does not get so far as to answer is its affair.
    if (!message.isReply() && (message.wantsReply() || message.command() == WireMessage.VERSION)) {
      unanswered.add(message);
    }
  }

  /**
   * Hears what the server sent.
   *
   * @return the message, whose header is right
   */
  WireMessage checkReceived(MemorySegment head, MemorySegment tail) {
    require(head.byteSize() >= WireMessage.HEADER, "a message without a header");
    WireMessage message = WireMessage.read(head);
    require(message.size() == head.byteSize() + tail.byteSize(), "a message of another length than it says",
        message);
    if (message.isCommand()) {
      require(message.command() == WireMessage.DMA_READ || message.command() == WireMessage.DMA_WRITE,
          "a command that is none of the server's", message);
      return message;
    }
    require(message.isReply(), "a message of no type", message);
    require(message.errno() != 0 == ((message.flags() & WireMessage.ERROR) != 0), "errno and flag differ",
        message);
    WireMessage asked = unanswered.poll();
    while (asked != null && !isReplyTo(message, asked) && !asked.wantsReply()) {
      asked = unanswered.poll();
    }
    require(asked != null && isReplyTo(message, asked), "a reply to what was not asked next", message);
    return message;
  }

  private static boolean isReplyTo(WireMessage reply, WireMessage asked) {
    return reply.id() == asked.id() && reply.command() == asked.command();
  }

  private static void require(boolean holds, String otherwise, WireMessage message) {
    require(holds, otherwise + ": " + message);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new InvariantViolationException("the server sent " + otherwise);
    }
  }

  /** Returns how many messages the client began. */
  long messages() {
    return messages;
  }
}
