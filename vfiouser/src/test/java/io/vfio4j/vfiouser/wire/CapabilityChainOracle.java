// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.vfiouser.testing.MessageBytes;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/** Reads a chain of capabilities in the simplest way: it records the visited offsets, and never overflows. */
final class CapabilityChainOracle {

  private CapabilityChainOracle() {
  }

  /** Returns the number of members, or -1 if the chain must be refused. */
  static int members(byte[] answer, int first, long regionSize) {
    Set<Integer> visited = new HashSet<>();
    int at = first;
    while (at != 0) {
      if (at < 32 || at + 8 > answer.length || !visited.add(at) || !isSound(answer, at, regionSize)) {
        return -1;
      }
      at = MessageBytes.read(answer).getInt(at + 4);
    }
    // Members that overlap may be refused too: that many cannot be distinguished from a cycle.
    return visited.size() > (answer.length - 32) / 8 ? -1 : visited.size();
  }

  private static boolean isSound(byte[] answer, int at, long regionSize) {
    ByteBuffer member =
        MessageBytes.read(answer).position(at).slice().order(java.nio.ByteOrder.LITTLE_ENDIAN);
    int left = member.remaining() - 8;
    if (member.getShort(2) != 1) {
      return true;
    }
    return switch (Short.toUnsignedInt(member.getShort(0))) {
      case 1 -> left >= 8 && areasAreSound(member, left - 8, regionSize);
      case 2 -> left >= 8;
      default -> true;
    };
  }

  private static boolean areasAreSound(ByteBuffer member, int left, long regionSize) {
    long count = Integer.toUnsignedLong(member.getInt(8));
    if (count > left / 16) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      BigInteger offset = new BigInteger(Long.toUnsignedString(member.getLong(16 + 16 * i)));
      BigInteger size = new BigInteger(Long.toUnsignedString(member.getLong(24 + 16 * i)));
      if (size.signum() == 0 || offset.add(size).compareTo(BigInteger.valueOf(regionSize)) > 0) {
        return false;
      }
    }
    return true;
  }
}
