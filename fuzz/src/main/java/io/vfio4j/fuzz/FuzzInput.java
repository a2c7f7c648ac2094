// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A session as a fuzzer changes it: any bytes are one. The first byte chooses device and server, see
 * {@link FuzzHarness}; what follows are operations, little-endian, and the last one may be cut off.
 *
 * <pre>{@code
 * 0x00 | command: u8 flags, u8 fds, u16 length, body       0x20: the same, joined to the message before
 * 0x80: Raw    u8 fds, u16 length, bytes                   0x81: Large u8 command, u8 fds, u8 head length, head,
 * 0x82: Idle   u8 rounds                                               u32 length, u8 fill
 * 0x83: Pass   u32 micros                                  0x84: Split u16 at
 * 0x85: Answer u8 how                                      0x86: Stall
 * 0x87: Echo   u16 at, u8 xor, u32 length
 * }</pre>
 *
 * All other first bytes are taken modulo 0x88.
 *
 * @param setup device and server
 * @param ops what the client does
 */
record FuzzInput(int setup, List<Op> ops) {

  private static final int JOINED = 0x20;
  private static final int RAW = 0x80;
  private static final int LARGE = 0x81;
  private static final int IDLE = 0x82;
  private static final int PASS = 0x83;
  private static final int SPLIT = 0x84;
  private static final int ANSWER = 0x85;
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
      case PASS -> ops.add(new Op.Advance(u32(from)));
      case SPLIT -> ops.add(new Op.Split(u16(from)));
      case ANSWER -> ops.add(new Op.ReplyMode(u8(from)));
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
      case Op.Advance(int micros) -> to.u8(PASS).u32(micros);
      case Op.Split(int at) -> to.u8(SPLIT).u16(at);
      case Op.ReplyMode(int how) -> to.u8(ANSWER).u8(how);
      case Op.Stall _ -> to.u8(STALL);
      case Op.Join _ -> {
        // Told with the message that follows.
      }
    }
  }

  /** Bytes that are put together, little-endian. */
  static final class ByteWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    ByteWriter u8(int value) {
      out.write(value);
      return this;
    }

    ByteWriter u16(int value) {
      return u8(value).u8(value >>> 8);
    }

    ByteWriter u32(int... values) {
      for (int value : values) {
        u16(value).u16(value >>> 16);
      }
      return this;
    }

    ByteWriter u64(long... values) {
      for (long value : values) {
        u32((int) value, (int) (value >>> 32));
      }
      return this;
    }

    ByteWriter bytes(byte[] bytes, int length) {
      out.write(bytes, 0, length);
      return this;
    }

    ByteWriter bytes(byte[] bytes) {
      return bytes(bytes, bytes.length);
    }

    byte[] toArray() {
      return out.toByteArray();
    }
  }
}
