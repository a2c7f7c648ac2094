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

/** A client that executes a {@link FuzzInput}. */
final class FuzzClient implements InMemoryClient {

  /** Maximum body of {@link Op.Large}: exceeds all limits in use. */
  private static final int MAX_LARGE = 3 << 19;
  private static final int MAX_DMA_PIECE = 64 << 10;
  private static final long NANOS_PER_MICRO = 1_000;

  private final ArrayDeque<Op> ops;
  private final FdPool fds;
  private final ManualClock clock;
  private final ProtocolMonitor monitor = new ProtocolMonitor();
  /** Sent before anything else: the rest of a split message, and replies. */
  private final ArrayDeque<List<Piece>> ready = new ArrayDeque<>();
  private byte[] migrationData = new byte[0];
  private int nextId;
  private DmaReplyMode replyMode = DmaReplyMode.CORRECT;
  private int idle;
  private int split;
  private boolean keepsState;

  FuzzClient(FuzzInput input, FdPool fds, ManualClock clock) {
    this.ops = new ArrayDeque<>(input.ops());
    this.fds = fds;
    this.clock = clock;
  }

  ProtocolMonitor monitor() {
    return monitor;
  }

  /** Returns whether the server granted to keep the device's state. */
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

  /** Executes operations up to one that sends something, and those joined to it. */
  private List<Piece> executeOps() {
    List<Piece> pieces = new ArrayList<>();
    while (!ops.isEmpty() && (pieces.isEmpty() || takeJoin())) {
      Op op = ops.poll();
      switch (op) {
        case Op.Idle(int rounds) -> idle = rounds;
        case Op.Advance(int micros) -> clock.advance(Integer.toUnsignedLong(micros) * NANOS_PER_MICRO);
        case Op.Split(int at) -> split = at;
        case Op.ReplyMode(int mode) -> replyMode = DmaReplyMode.of(mode);
        case Op.Join() -> {
          // Handled with the previous message.
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

  /** Returns whether to send the next message together with the previous one, which must be complete. */
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
    int splitAt = split % bytes.length;
    split = 0;
    MemorySegment all = MemorySegment.ofArray(bytes);
    if (splitAt == 0) {
      pieces.add(new Piece(all, fds.select(spec)));
    } else {
      pieces.add(new Piece(all.asSlice(0, splitAt), fds.select(spec)));
      ready.add(List.of(new Piece(all.asSlice(splitAt), List.of())));
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
    return new ByteWriter().u32(8 + data.length, data.length).bytes(data).toArray();
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
      throw new InvariantViolationException("the server requested %d bytes at once".formatted(count));
    }
    byte[] bytes = DmaReplies.encode(command, head, replyMode);
    if (bytes.length > 0) {
      ready.addFirst(List.of(new Piece(MemorySegment.ofArray(bytes), List.of())));
    }
  }
}
