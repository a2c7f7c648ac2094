// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * The question who owns the devices of a migration, from both ends: a connection of its own, with a frame in each
 * direction.
 */
public final class OwnershipQuestion {

  private static final long PAGE = 4096;
  private static final String NO_MIGRATIONS =
      "only questions of ownership are answered here, and no migration is received; nothing was touched";

  private OwnershipQuestion() {
  }

  /**
   * Asks a target.
   *
   * @param transport a connection to where one answers; it is not closed
   * @param session which migration
   * @param patience how long the answer may take
   * @throws IOException if there is no answer
   */
  public static OwnershipAnswer ask(Transport transport, Session session, Duration patience)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      FrameWriter out = new FrameWriter(new FrameStream(transport, patience), buffer(arena));
      out.sendAsk(session);
      FrameReader in = new FrameReader(transport, buffer(arena));
      require(in.next(patience), FrameKind.ANSWER);
      ByteBuffer body = in.body();
      int value = body.getInt();
      OwnershipAnswer.Verdict verdict = OwnershipAnswer.Verdict.fromWire(value)
          .orElseThrow(() -> new StreamException("the answer is %d, which is none".formatted(value)));
      return new OwnershipAnswer(verdict, PeerText.take(body));
    }
  }

  /**
   * Answers one who asks.
   *
   * @param transport the connection that somebody made; it is not closed
   * @param oracle knows the answer
   * @param patience how long the question may take
   * @return what was asked and answered
   * @throws IOException if there is no question, or the answer cannot be sent
   */
  public static Arrival.Asked answer(Transport transport, OwnershipOracle oracle, Duration patience)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      FrameReader in = new FrameReader(transport, buffer(arena));
      FrameKind first = in.next(patience);
      if (first != FrameKind.ASK) {
        FirstFrame.tell(transport, NO_MIGRATIONS);
      }
      require(first, FrameKind.ASK);
      return answer(in, new FrameWriter(new FrameStream(transport, patience), buffer(arena)), oracle);
    }
  }

  /** Answers a question that has come in. */
  static Arrival.Asked answer(FrameReader in, FrameWriter out, OwnershipOracle oracle) throws IOException {
    Session session = Session.take(in.body());
    OwnershipAnswer answer = oracle.answer(session);
    out.sendAnswer(answer);
    return new Arrival.Asked(session, answer);
  }

  private static MemorySegment buffer(Arena arena) {
    return arena.allocate(FrameHeader.BYTES + FrameKind.HELLO.maxLength(), PAGE);
  }

  private static void require(FrameKind kind, FrameKind wanted) throws StreamException {
    if (kind != wanted) {
      throw new StreamException("%s came instead of %s".formatted(kind, wanted));
    }
  }
}
