// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/**
 * What tells the connections of one migration from those of another: a random number that the source makes.
 *
 * @param high its first half
 * @param low its second half
 */
record Session(long high, long low) {

  static final int BYTES = 2 * Long.BYTES;

  private static final SecureRandom RANDOM = new SecureRandom();

  static Session random() {
    return new Session(RANDOM.nextLong(), RANDOM.nextLong());
  }

  void put(ByteBuffer into) {
    into.putLong(high).putLong(low);
  }

  static Session take(ByteBuffer from) {
    return new Session(from.getLong(), from.getLong());
  }
}
