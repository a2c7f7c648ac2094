// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;
import io.vfio4j.testkit.Seeds;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.DataFormatException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Round trips; invalid input is rejected or harmless. */
class ZstdCodecTest {

  private static final int LONGEST = 1 << 20;
  private static final int GUARD = 4096;
  private static final byte GUARDED = 0x5a;

  private final ZstdCodec codec = new ZstdCodec();
  private final Decompressor decompressor = codec.newDecompressor();
  private final ByteBuffer guarded = ByteBuffer.allocateDirect(GUARD + LONGEST + GUARD);
  private final ByteBuffer into = guarded.slice(GUARD, LONGEST);

  @AfterEach
  void close() {
    decompressor.close();
  }

  /** Returns bytes that are more or less compressible. */
  private static ByteBuffer payload(RandomGenerator random, int length) {
    byte[] bytes = new byte[length];
    int different = 1 << random.nextInt(9);
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i > 100 && random.nextInt(4) == 0 ? bytes[i - 100] : random.nextInt(different));
    }
    return direct(bytes);
  }

  private static ByteBuffer direct(byte... bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private ByteBuffer compressed(ByteBuffer payload, int level) {
    try (Compressor compressor = codec.newCompressor(level)) {
      ByteBuffer room = ByteBuffer.allocateDirect(codec.bound(payload.limit()));
      return room.limit(compressor.compress(payload, payload.limit(), room));
    }
  }

  private int decompress(ByteBuffer from) throws DataFormatException {
    for (int i = 0; i < GUARD; i++) {
      guarded.put(i, GUARDED).put(guarded.capacity() - 1 - i, GUARDED);
    }
    try {
      return decompressor.decompress(from, from.limit(), into);
    } finally {
      for (int i = 0; i < GUARD; i++) {
        assertThat(guarded.get(i)).isEqualTo(GUARDED);
        assertThat(guarded.get(guarded.capacity() - 1 - i)).isEqualTo(GUARDED);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 19})
  void roundTripsPayload(int level) {
    Seeds.forEach(5, random -> {
      for (int length : new int[] {1, 1 + random.nextInt(10_000), level > 9 ? 100_000 : LONGEST}) {
        ByteBuffer payload = payload(random, length);
        assertThat(decompress(compressed(payload, level))).isEqualTo(length);
        assertThat(into.slice(0, length)).isEqualTo(payload);
      }
    });
  }

  @Test
  void fitsIncompressibleDataInBound() throws DataFormatException {
    byte[] noise = new byte[LONGEST];
    new SplittableRandom(4711).nextBytes(noise);
    ByteBuffer compressed = compressed(direct(noise), 1);
    assertThat(compressed.limit()).isBetween(LONGEST, codec.bound(LONGEST));
    assertThat(decompress(compressed)).isEqualTo(LONGEST);
  }

  private void assertRefused(String words, byte... frame) {
    assertThatThrownBy(() -> decompress(direct(frame))).isInstanceOf(DataFormatException.class)
        .hasMessage(words);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static byte[] joined(byte[]... parts) {
    ByteBuffer all = ByteBuffer.allocate(LONGEST);
    for (byte[] part : parts) {
      all.put(part);
    }
    byte[] bytes = new byte[all.flip().remaining()];
    all.get(bytes);
    return bytes;
  }

  private static final byte[] MAGIC = bytes(0x28, 0xb5, 0x2f, 0xfd);

  /** Returns a last block of repeated bytes (RLE_Block). */
  private static byte[] repeatedBlock(int length) {
    int header = length << 3 | 1 << 1 | 1;
    return bytes(header, header >> 8, header >> 16, 'x');
  }

  /** Returns a valid single-segment frame that declares this content size. */
  private static byte[] validFrame(int length) {
    return joined(MAGIC, bytes(0xa0, length, length >> 8, length >> 16, length >> 24), repeatedBlock(length));
  }

  @Test
  void decompressesHandmadeFrame() throws DataFormatException {
    assertThat(decompress(direct(validFrame(1000)))).isEqualTo(1000);
    assertThat(into.get(999)).isEqualTo((byte) 'x');
  }

  @Test
  void rejectsInvalidFrame() {
    assertRefused("not a zstd frame");
    assertRefused("not a zstd frame", bytes(0x28, 0xb5, 0x2f));
    assertRefused("not a zstd frame", new byte[100]);
    // version 0.7 of the format
    assertRefused("not a zstd frame", joined(bytes(0x27, 0xb5, 0x2f, 0xfd), repeatedBlock(1)));
    assertRefused("not a zstd frame", bytes(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0)); // a skippable frame
    byte[] whole = validFrame(1000);
    for (int length = 4; length < whole.length; length++) {
      assertRefused("corrupt zstd frame (Src size is incorrect)", Arrays.copyOf(whole, length));
    }
  }

  @Test
  void rejectsTrailingBytes() {
    assertRefused("1 bytes follow its zstd frame", joined(validFrame(1000), bytes(0)));
    assertRefused("13 bytes follow its zstd frame", joined(validFrame(1000), validFrame(1000)));
    assertRefused("8 bytes follow its zstd frame",
        joined(validFrame(1000), bytes(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0)));
  }

  @Test
  void rejectsWrongContentSize() {
    String beyond = "its zstd frame declares %d bytes of content (expected 1 to 1048576)";
    assertRefused(beyond.formatted(0), joined(MAGIC, bytes(0x20, 0), repeatedBlock(0)));
    assertRefused(beyond.formatted(LONGEST + 1), validFrame(LONGEST + 1));
    assertRefused(beyond.formatted(1L << 40), // a decompression bomb that declares its size
        joined(MAGIC, bytes(0xe0, 0, 0, 0, 0, 0, 1, 0, 0), repeatedBlock(1 << 17)));
    assertRefused("its zstd frame does not declare its content size",
        joined(MAGIC, bytes(0, 0x50), repeatedBlock(1000)));
    assertRefused("its zstd frame does not declare its content size",
        joined(MAGIC, bytes(0xe0, -3, -1, -1, -1, -1, -1, -1, -1), repeatedBlock(1000)));
    byte[] less = validFrame(1000);
    less[5]--;
    assertRefused("corrupt zstd frame (Destination buffer is too small)", less);
    byte[] more = validFrame(1000);
    more[5]++;
    assertRefused("corrupt zstd frame (Data corruption detected)", more);
  }

  @Test
  void rejectsDictionaryFrame() {
    assertRefused("corrupt zstd frame (Dictionary mismatch)",
        joined(MAGIC, bytes(0xa1, 7, 1000 & 255, 1000 >> 8, 0, 0), repeatedBlock(1000)));
  }

  /** Only streaming decompression needs the window; nothing is allocated for it here. */
  @Test
  void acceptsWindowLargerThanContent() throws DataFormatException {
    byte[] size = bytes(1000 & 255, 1000 >> 8, 0, 0);
    byte[] windowOf2GiB = joined(MAGIC, bytes(0x80, 21 << 3), size, repeatedBlock(1000));
    assertThat(decompress(direct(windowOf2GiB))).isEqualTo(1000);
    assertRefused("corrupt zstd frame (Frame requires too much memory for decoding)",
        joined(MAGIC, bytes(0x80, 31 << 3), size, repeatedBlock(1000)));
  }

  @Test
  void detectsDamageOrStaysWithinLimit() {
    Seeds.forEach(3000, random -> {
      ByteBuffer frame = compressed(payload(random, 1 + random.nextInt(3000)), 1 + random.nextInt(5));
      for (int i = 0; i <= random.nextInt(4); i++) {
        frame.put(random.nextInt(frame.limit()), (byte) random.nextInt());
      }
      try {
        assertThat(decompress(frame)).isBetween(1, LONGEST);
      } catch (DataFormatException e) {
        assertThat(e).hasMessageMatching(".*zstd frame.*");
      }
    });
  }

  @Test
  void rejectsUseAfterClose() {
    Compressor compressor = codec.newCompressor(1);
    compressor.close();
    compressor.close();
    decompressor.close();
    ByteBuffer frame = direct(validFrame(10));
    assertThatThrownBy(() -> compressor.compress(frame, 10, into)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> decompress(frame)).isInstanceOf(IllegalStateException.class);
  }
}
