// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.AcceptResult;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipResponder;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameBuffers;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.PeerText;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.FirstFrame;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Both ends of an ownership query, which has its own connection with one frame in each direction, ASK and
 * ANSWER.
 */
public final class OwnershipQuery {

  private static final String QUERIES_ONLY =
      "this peer answers ownership queries only, and receives no migrations; nothing was touched";

  private OwnershipQuery() {
  }

  /**
   * Queries a target.
   *
   * @param transport a connection to the target; it is not closed
   * @param migration the migration
   * @param patience the timeout for the answer
   * @throws IOException if there is no answer
   */
  public static OwnershipAnswer query(Transport transport, MigrationId migration, Duration patience)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      FrameWriter out = new FrameWriter(new FrameStream(transport, patience), FrameBuffers.control(arena));
      out.sendQuery(migration);
      FrameReader in = new FrameReader(transport, FrameBuffers.control(arena));
      require(in.next(patience), FrameKind.ANSWER);
      ByteBuffer body = in.body();
      int value = body.getInt();
      OwnershipAnswer.Verdict verdict = OwnershipAnswer.Verdict.fromWire(value)
          .orElseThrow(() -> new StreamException("invalid verdict %d in ANSWER".formatted(value)));
      return new OwnershipAnswer(verdict, PeerText.read(body));
    }
  }

  /**
   * Answers a query.
   *
   * @param transport the connection from the peer; it is not closed
   * @param oracle supplies the answer
   * @param patience the timeout for the query
   * @return the query and the answer
   * @throws IOException if no query arrives, or the answer cannot be sent
   */
  public static AcceptResult.Query answer(Transport transport, OwnershipResponder oracle, Duration patience)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      FrameReader in = new FrameReader(transport, FrameBuffers.control(arena));
      FrameKind first = in.next(patience);
      if (first != FrameKind.ASK) {
        FirstFrame.sendFailure(transport, QUERIES_ONLY);
      }
      require(first, FrameKind.ASK);
      return answer(in, new FrameWriter(new FrameStream(transport, patience), FrameBuffers.control(arena)),
          oracle);
    }
  }

  /** Answers the query that was just received. */
  static AcceptResult.Query answer(FrameReader in, FrameWriter out, OwnershipResponder oracle)
      throws IOException {
    MigrationId migration = MigrationId.take(in.body());
    OwnershipAnswer answer = oracle.answer(migration);
    out.sendAnswer(answer);
    return new AcceptResult.Query(migration, answer);
  }

  private static void require(FrameKind kind, FrameKind wanted) throws StreamException {
    if (kind != wanted) {
      throw new StreamException("received %s instead of %s".formatted(kind, wanted));
    }
  }
}
