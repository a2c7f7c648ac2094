// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * An input of the fuzzer: the behaviour of one client. Any bytes are a valid input. The first byte selects
 * device and server, see {@link FuzzServer}; operations follow, little-endian, of which the last one may be
 * truncated.
 *
 * <pre>{@code
 * 0x00 | command: u8 flags, u8 fds, u16 length, body       0x20: the same, joined to the previous message
 * 0x80: Raw    u8 fds, u16 length, bytes                   0x81: Large u8 command, u8 fds, u8 head length, head,
 * 0x82: Idle   u8 rounds                                               u32 length, u8 fill
 * 0x83: Advance u32 micros                                 0x84: Split u16 at
 * 0x85: ReplyMode u8 mode                                  0x86: Stall
 * 0x87: Echo   u16 at, u8 xor, u32 length
 * }</pre>
 *
 * Any other kind is taken modulo 0x88.
 *
 * @param setup device and server
 * @param ops the client's operations
 */
record FuzzInput(int setup, List<Op> ops) {

  private static final int JOINED = 0x20;
  private static final int RAW = 0x80;
  private static final int LARGE = 0x81;
  private static final int IDLE = 0x82;
  private static final int ADVANCE = 0x83;
  private static final int SPLIT = 0x84;
  private static final int REPLY_MODE = 0x85;
  private static final int STALL = 0x86;
  private static final int ECHO = 0x87;
  private static final int KINDS = 0x88;

  private static final int MAX_OPS = 4096;
  private static final int MAX_BODY = 0xffff;

  static FuzzInput decode(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int setup = u8(from);
    List<Op> ops = new ArrayList<>();
    while (from.hasRemaining() && ops.size() < MAX_OPS) {
      decode(from, ops);
    }
    return new FuzzInput(setup, ops);
  }

  private static void decode(ByteBuffer from, List<Op> ops) {
    int kind = u8(from) % KINDS;
    switch (kind) {
      case RAW -> ops.add(new Op.Raw(u8(from), bytes(from, u16(from))));
      case LARGE -> ops.add(new Op.Large(u8(from), u8(from), bytes(from, u8(from)), u32(from), u8(from)));
      case IDLE -> ops.add(new Op.Idle(u8(from)));
      case ADVANCE -> ops.add(new Op.Advance(u32(from)));
      case SPLIT -> ops.add(new Op.Split(u16(from)));
      case REPLY_MODE -> ops.add(new Op.ReplyMode(u8(from)));
      case STALL -> ops.add(new Op.Stall());
      case ECHO -> ops.add(new Op.Echo(u16(from), u8(from), u32(from)));
      default -> {
        if ((kind & JOINED) != 0) {
          ops.add(new Op.Join());
        }
        ops.add(new Op.Message(kind & (JOINED - 1), u8(from), u8(from), bytes(from, u16(from))));
      }
    }
  }

  private static int u8(ByteBuffer from) {
    return from.hasRemaining() ? Byte.toUnsignedInt(from.get()) : 0;
  }

  private static int u16(ByteBuffer from) {
    return u8(from) | u8(from) << 8;
  }

  private static int u32(ByteBuffer from) {
    return u16(from) | u16(from) << 16;
  }

  private static byte[] bytes(ByteBuffer from, int length) {
    byte[] bytes = new byte[Math.min(length, from.remaining())];
    from.get(bytes);
    return bytes;
  }

  byte[] encode() {
    ByteWriter to = new ByteWriter();
    to.u8(setup);
    boolean joined = false;
    for (Op op : ops) {
      encode(op, joined, to);
      joined = op instanceof Op.Join;
    }
    return to.toArray();
  }

  private static void encode(Op op, boolean joined, ByteWriter to) {
    switch (op) {
      case Op.Message(int command, int flags, int fds, byte[] body) -> {
        int length = Math.min(body.length, MAX_BODY);
        to.u8((command & (JOINED - 1)) | (joined ? JOINED : 0)).u8(flags).u8(fds).u16(length).bytes(body,
            length);
      }
      case Op.Raw(int fds, byte[] bytes) -> {
        int length = Math.min(bytes.length, MAX_BODY);
        to.u8(RAW).u8(fds).u16(length).bytes(bytes, length);
      }
      case Op.Large(int command, int fds, byte[] head, int length, int fill) ->
        to.u8(LARGE).u8(command).u8(fds).u8(head.length).bytes(head, head.length).u32(length).u8(fill);
      case Op.Echo(int at, int xor, int length) -> to.u8(ECHO).u16(at).u8(xor).u32(length);
      case Op.Idle(int rounds) -> to.u8(IDLE).u8(rounds);
      case Op.Advance(int micros) -> to.u8(ADVANCE).u32(micros);
      case Op.Split(int at) -> to.u8(SPLIT).u16(at);
      case Op.ReplyMode(int mode) -> to.u8(REPLY_MODE).u8(mode);
      case Op.Stall _ -> to.u8(STALL);
      case Op.Join _ -> {
        // Encoded in the kind of the next message.
      }
    }
  }
}
