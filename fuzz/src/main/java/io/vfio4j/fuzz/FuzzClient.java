// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import io.vfio4j.linux.Fd;
import io.vfio4j.vfiouser.server.InMemoryClient;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A client that does what a {@link FuzzInput} says. */
final class FuzzClient implements InMemoryClient {

  /** The most that a message of {@link Op.Large} has: more than any limit in use allows. */
  private static final int MAX_LARGE = 3 << 19;
  private static final int MAX_DMA_PIECE = 64 << 10;
  private static final long NANOS_PER_MICRO = 1_000;

  private final ArrayDeque<Op> ops;
  private final FdPool fds;
  private final ManualClock clock;
  private final ProtocolMonitor monitor = new ProtocolMonitor();
  /** What goes before all else: the rest of a message that was split, and answers. */
  private final ArrayDeque<List<Piece>> ready = new ArrayDeque<>();
  private byte[] migrationData = new byte[0];
  private int nextId;
  private int reply;
  private int idle;
  private int split;
  private boolean keepsState;

  FuzzClient(FuzzInput session, FdPool fds, ManualClock clock) {
    this.ops = new ArrayDeque<>(session.ops());
    this.fds = fds;
    this.clock = clock;
  }

  ProtocolMonitor monitor() {
    return monitor;
  }

  /** Tells whether the server granted that the device stays as it is. */
  boolean keepsState() {
    return keepsState;
  }

  @Override
  public List<Piece> next() {
    List<Piece> pieces = ready.isEmpty() ? executeOps() : ready.poll();
    pieces.forEach(piece -> monitor.recordSent(piece.bytes()));
    return pieces;
  }

  @Override
  public boolean isReady(long nanos) {
    if (!ready.isEmpty() || idle == 0) {
      return true;
    }
    idle--;
    clock.advance(nanos);
    return false;
  }

  /** Does what comes next, up to what sends something, and what is joined to that. */
  private List<Piece> executeOps() {
    List<Piece> pieces = new ArrayList<>();
    while (!ops.isEmpty() && (pieces.isEmpty() || takeJoin())) {
      Op op = ops.poll();
      switch (op) {
        case Op.Idle(int rounds) -> idle = rounds;
        case Op.Advance(int micros) -> clock.advance(Integer.toUnsignedLong(micros) * NANOS_PER_MICRO);
        case Op.Split(int at) -> split = at;
        case Op.ReplyMode(int how) -> reply = how;
        case Op.Join() -> {
          // It has been looked at with the message before.
        }
        case Op.Stall() -> pieces.add(new Piece(MemorySegment.ofArray(new byte[0]), List.of()));
        case Op.Raw(int spec, byte[] bytes) -> add(pieces, bytes, spec);
        case Op.Message(int command, int flags, int spec, byte[] body) ->
          add(pieces, WireMessage.message(nextId++, command, flags, 0, body), spec);
        case Op.Large(int command, int spec, byte[] head, int length, int fill) ->
          add(pieces, WireMessage.message(nextId++, command, 0, 0, fillBody(head, length, fill)), spec);
        case Op.Echo(int at, int xor, int length) ->
          add(pieces, WireMessage.message(nextId++, WireMessage.MIG_DATA_WRITE, 0, 0, echo(at, xor, length)),
              0);
      }
    }
    return pieces;
  }

  /** Tells whether the next message is to come with the one before, whose rest is not yet to come. */
  private boolean takeJoin() {
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
      pieces.add(new Piece(all, fds.select(spec)));
    } else {
      pieces.add(new Piece(all.asSlice(0, cut), fds.select(spec)));
      ready.add(List.of(new Piece(all.asSlice(cut), List.of())));
    }
  }

  private static byte[] fillBody(byte[] head, int length, int fill) {
    byte[] body = Arrays.copyOf(head, head.length + Math.floorMod(length, MAX_LARGE));
    Arrays.fill(body, head.length, body.length, (byte) fill);
    return body;
  }

  private byte[] echo(int at, int xor, int length) {
    byte[] data = Arrays.copyOf(migrationData, Math.min(migrationData.length, length & Integer.MAX_VALUE));
    if (data.length > 0) {
      data[at % data.length] ^= (byte) xor;
    }
    return new FuzzInput.ByteWriter().u32(8 + data.length, data.length).bytes(data).toArray();
  }

  @Override
  public void receive(MemorySegment head, MemorySegment tail, List<Fd> withFds) {
    WireMessage message = monitor.checkReceived(head, tail);
    if (message.isCommand()) {
      reply(message, head);
    } else if (message.command() == WireMessage.MIG_DATA_READ && (message.flags() & WireMessage.ERROR) == 0) {
      migrationData = tail.toArray(ValueLayout.JAVA_BYTE);
    } else if (message.command() == WireMessage.VERSION) {
      keepsState |= Ascii.contains(head, "\"keep_state\":true");
    }
  }

  private void reply(WireMessage command, MemorySegment head) {
    long count = head.get(ValueLayout.JAVA_LONG_UNALIGNED, WireMessage.HEADER + Long.BYTES);
    if (count < 1 || count > MAX_DMA_PIECE) {
      throw new InvariantViolationException("the server asked for %d bytes at once".formatted(count));
    }
    byte[] bytes = DmaReplies.encode(command, head, reply);
    if (bytes.length > 0) {
      ready.addFirst(List.of(new Piece(MemorySegment.ofArray(bytes), List.of())));
    }
  }
}
