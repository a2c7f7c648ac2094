// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Mutates inputs: their operations, the order of these, and their bytes. */
final class InputMutator {

  private static final long[] INTERESTING =
      {0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 255, 4095, 4096, 4097,
          0xffff, 0x10000, 0xfffff, 0x100000, 0x7fffffff, 0x80000000L, 0xffffffffL, 0x100000000L, 1L << 40,
          1L << 52,
          Long.MAX_VALUE, Long.MIN_VALUE, -4096, 0xffffffff01100000L};
  private static final int MAX_MUTATIONS = 4;
  private static final int COMMANDS = 20;

  private final RandomGenerator random;
  private final List<Op> ops;

  private InputMutator(RandomGenerator random, List<Op> ops) {
    this.random = random;
    this.ops = ops;
  }

  /** Returns an input that differs from another in a few places, or not at all. */
  static FuzzInput mutate(FuzzInput input, RandomGenerator random) {
    InputMutator mutator = new InputMutator(random, new ArrayList<>(input.ops()));
    int count = random.nextInt(MAX_MUTATIONS + 1);
    for (int i = 0; i < count && !mutator.ops.isEmpty(); i++) {
      mutator.mutate();
    }
    FuzzInput mutated = new FuzzInput(input.setup(), mutator.ops);
    return random.nextInt(16) == 0 ? FuzzInput.decode(mutator.flipBit(mutated.encode())) : mutated;
  }

  private int randomIndex() {
    return random.nextInt(ops.size());
  }

  private void mutate() {
    int at = randomIndex();
    switch (random.nextInt(14)) {
      case 0 -> ops.remove(at);
      case 1 -> ops.add(randomIndex(), ops.get(at));
      case 2 -> ops.add(randomIndex(), ops.remove(at));
      case 3 -> ops.subList(at, ops.size()).clear();
      case 4 -> ops.add(at, new Op.Join());
      case 5 -> ops.add(at, new Op.Split(random.nextInt(48)));
      case 6 -> ops.add(at, malformedMessage(at));
      case 7 -> ops.add(at, disturbance());
      default -> {
        if (ops.get(at) instanceof Op.Message message) {
          ops.set(at, mutate(message));
        }
      }
    }
  }

  private Op disturbance() {
    return switch (random.nextInt(4)) {
      case 0 -> new Op.Stall();
      case 1 -> new Op.ReplyMode(random.nextInt(DmaReplyMode.COUNT));
      case 2 -> new Op.Large(random.nextInt(COMMANDS), random.nextInt(256),
          new ByteWriter().u64(0).u32(2, random.nextInt(1 << 21)).toArray(),
          random.nextInt(1 << 21), 0);
      default -> new Op.Advance(random.nextInt());
    };
  }

  /** Returns a message with an invalid header. */
  private Op malformedMessage(int at) {
    byte[] body = ops.get(at) instanceof Op.Message message ? message.body() : new byte[0];
    byte[] bytes = WireMessage.message(random.nextInt(4), random.nextInt(COMMANDS), 0, 0, body);
    int changes = 1 + random.nextInt(2);
    for (int i = 0; i < changes; i++) {
      putInteresting(bytes, 4 * random.nextInt(4), 4);
    }
    return new Op.Raw(random.nextInt(4) == 0 ? random.nextInt(256) : 0, bytes);
  }

  private Op.Message mutate(Op.Message message) {
    byte[] body = message.body().clone();
    return switch (random.nextInt(8)) {
      case 0 -> new Op.Message(message.command(), message.flags() ^ 0x10, message.fds(), body);
      case 1 -> new Op.Message(message.command(), random.nextInt(256), message.fds(), body);
      case 2 -> new Op.Message(message.command(), message.flags(), random.nextInt(256), body);
      case 3 -> new Op.Message(random.nextInt(COMMANDS), message.flags(), message.fds(), body);
      case 4 -> new Op.Message(message.command(), message.flags(), message.fds(),
          Arrays.copyOf(body, random.nextInt(body.length + 64)));
      case 5 -> new Op.Message(message.command(), message.flags(), message.fds(), flipBit(body));
      default -> {
        int width = random.nextBoolean() ? 4 : 8;
        if (body.length >= width) {
          putInteresting(body, random.nextInt(body.length / width) * width, width);
        }
        yield new Op.Message(message.command(), message.flags(), message.fds(), body);
      }
    };
  }

  private void putInteresting(byte[] bytes, int at, int width) {
    long value = INTERESTING[random.nextInt(INTERESTING.length)] + random.nextInt(3) - 1;
    for (int i = 0; i < width; i++) {
      bytes[at + i] = (byte) (value >>> (8 * i));
    }
  }

  private byte[] flipBit(byte[] bytes) {
    if (bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
    }
    return bytes;
  }
}
