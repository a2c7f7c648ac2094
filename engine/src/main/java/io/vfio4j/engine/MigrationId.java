// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * What tells a migration from all others, on both sides: a random number that the source makes. Its connections begin
 * with it, and both sides' journals are kept by it.
 *
 * @param high its first half
 * @param low its second half
 */
public record MigrationId(long high, long low) {

  public static final int BYTES = 2 * Long.BYTES;

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final HexFormat HEX = HexFormat.of();
  private static final int DIGITS = 2 * BYTES;

  /** Makes a new one. */
  public static MigrationId random() {
    return new MigrationId(RANDOM.nextLong(), RANDOM.nextLong());
  }

  /**
   * Reads what {@link #toString} writes.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static MigrationId parse(String text) {
    if (text.length() != DIGITS || !text.chars().allMatch(HexFormat::isHexDigit)) {
      throw new IllegalArgumentException(
          "'%s' is no migration: it takes %d hexadecimal digits".formatted(text, DIGITS));
    }
    return new MigrationId(HexFormat.fromHexDigitsToLong(text, 0, DIGITS / 2),
        HexFormat.fromHexDigitsToLong(text, DIGITS / 2, DIGITS));
  }

  /** Returns 32 hexadecimal digits. */
  @Override
  public String toString() {
    return HEX.toHexDigits(high) + HEX.toHexDigits(low);
  }

  /** Puts its 16 bytes into a buffer, in the order of the buffer. */
  public void put(ByteBuffer into) {
    into.putLong(high).putLong(low);
  }

  /** Takes what {@link #put} puts; the caller has checked that there are 16 bytes. */
  public static MigrationId take(ByteBuffer from) {
    return new MigrationId(from.getLong(), from.getLong());
  }
}
