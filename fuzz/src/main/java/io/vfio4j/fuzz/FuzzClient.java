// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.linux.Fd;
import io.vfio4j.vfiouser.InMemoryClient;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A client that does what a {@link Session} says. */
final class FuzzClient implements InMemoryClient {

  /** The most that a message of {@link Op.Large} has: more than any limit in use allows. */
  private static final int MOST_LARGE = 3 << 19;
  private static final int MOST_DMA_PIECE = 64 << 10;
  private static final long NANOS_PER_MICRO = 1_000;

  private final ArrayDeque<Op> ops;
  private final FdPool fds;
  private final ManualClock clock;
  private final Dialogue dialogue = new Dialogue();
  /** What goes before all else: the rest of a message that was split, and answers. */
  private final ArrayDeque<List<Piece>> ready = new ArrayDeque<>();
  private byte[] migrationData = new byte[0];
  private int nextId;
  private int answer;
  private int idle;
  private int split;
  private boolean keepsState;

  FuzzClient(Session session, FdPool fds, ManualClock clock) {
    this.ops = new ArrayDeque<>(session.ops());
    this.fds = fds;
    this.clock = clock;
  }

  Dialogue dialogue() {
    return dialogue;
  }

  /** Tells whether the server granted that the device stays as it is. */
  boolean keepsState() {
    return keepsState;
  }

  @Override
  public List<Piece> next() {
    List<Piece> pieces = ready.isEmpty() ? fromOps() : ready.poll();
    pieces.forEach(piece -> dialogue.sent(piece.bytes()));
    return pieces;
  }

  @Override
  public boolean isReady(long nanos) {
    if (!ready.isEmpty() || idle == 0) {
      return true;
    }
    idle--;
    clock.pass(nanos);
    return false;
  }

  /** Does what comes next, up to what sends something, and what is joined to that. */
  private List<Piece> fromOps() {
    List<Piece> pieces = new ArrayList<>();
    while (!ops.isEmpty() && (pieces.isEmpty() || joinsNext())) {
      Op op = ops.poll();
      switch (op) {
        case Op.Idle(int rounds) -> idle = rounds;
        case Op.Pass(int micros) -> clock.pass(Integer.toUnsignedLong(micros) * NANOS_PER_MICRO);
        case Op.Split(int at) -> split = at;
        case Op.Answer(int how) -> answer = how;
        case Op.Join() -> {
          // It has been looked at with the message before.
        }
        case Op.Stall() -> pieces.add(new Piece(MemorySegment.ofArray(new byte[0]), List.of()));
        case Op.Raw(int spec, byte[] bytes) -> add(pieces, bytes, spec);
        case Op.Message(int command, int flags, int spec, byte[] body) ->
          add(pieces, WireMessage.message(nextId++, command, flags, 0, body), spec);
        case Op.Large(int command, int spec, byte[] head, int length, int fill) ->
          add(pieces, WireMessage.message(nextId++, command, 0, 0, filled(head, length, fill)), spec);
        case Op.Echo(int at, int xor, int length) ->
          add(pieces, WireMessage.message(nextId++, WireMessage.MIG_DATA_WRITE, 0, 0, echo(at, xor, length)),
              0);
      }
    }
    return pieces;
  }

  /** Tells whether the next message is to come with the one before, whose rest is not yet to come. */
  private boolean joinsNext() {
    if (!(ops.peek() instanceof Op.Join) || !ready.isEmpty()) {
      return false;
    }
    ops.poll();
    return !ops.isEmpty();
  }

  private void add(List<Piece> pieces, byte[] bytes, int spec) {
    if (bytes.length == 0) {
      return;
    }
    int cut = split % bytes.length;
    split = 0;
    MemorySegment all = MemorySegment.ofArray(bytes);
    if (cut == 0) {
      pieces.add(new Piece(all, fds.of(spec)));
    } else {
      pieces.add(new Piece(all.asSlice(0, cut), fds.of(spec)));
      ready.add(List.of(new Piece(all.asSlice(cut), List.of())));
    }
  }

  private static byte[] filled(byte[] head, int length, int fill) {
    byte[] body = Arrays.copyOf(head, head.length + Math.floorMod(length, MOST_LARGE));
    Arrays.fill(body, head.length, body.length, (byte) fill);
    return body;
  }

  private byte[] echo(int at, int xor, int length) {
    byte[] data = Arrays.copyOf(migrationData, Math.min(migrationData.length, length & Integer.MAX_VALUE));
    if (data.length > 0) {
      data[at % data.length] ^= (byte) xor;
    }
    return new Session.Bytes().u32(8 + data.length, data.length).bytes(data).toArray();
  }

  @Override
  public void receive(MemorySegment head, MemorySegment tail, List<Fd> withFds) {
    WireMessage message = dialogue.received(head, tail);
    if (message.isCommand()) {
      answer(message, head);
    } else if (message.command() == WireMessage.MIG_DATA_READ && (message.flags() & WireMessage.ERROR) == 0) {
      migrationData = tail.toArray(ValueLayout.JAVA_BYTE);
    } else if (message.command() == WireMessage.VERSION) {
      keepsState |= Ascii.contains(head, "\"keep_state\":true");
    }
  }

  private void answer(WireMessage command, MemorySegment head) {
    long count = head.get(ValueLayout.JAVA_LONG_UNALIGNED, WireMessage.HEADER + Long.BYTES);
    if (count < 1 || count > MOST_DMA_PIECE) {
      throw new BrokenPropertyException("the server asked for %d bytes at once".formatted(count));
    }
    byte[] bytes = Answers.to(command, head, answer);
    if (bytes.length > 0) {
      ready.addFirst(List.of(new Piece(MemorySegment.ofArray(bytes), List.of())));
    }
  }
}
