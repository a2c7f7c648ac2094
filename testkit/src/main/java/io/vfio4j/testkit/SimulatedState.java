// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/** The content of a simulated device: pages, and which of them have changed. */
final class SimulatedState {

  static final int PAGE = 64;

  private final byte[] content;
  private final BitSet dirty = new BitSet();

  SimulatedState(int pages) {
    content = new byte[pages * PAGE];
  }

  int pages() {
    return content.length / PAGE;
  }

  byte[] content() {
    return content.clone();
  }

  BitSet dirty() {
    return dirty;
  }

  void clear() {
    Arrays.fill(content, (byte) 0);
    dirty.clear();
  }

  void fill(long seed) {
    new Random(seed).nextBytes(content);
  }

  /** Returns a value that identifies this state, from page 0, which never changes. */
  long fingerprint() {
    return ByteBuffer.wrap(content).getLong();
  }

  /** Changes random pages, as a running device does. */
  void change(int count, RandomGenerator random) {
    for (int i = 0; i < count; i++) {
      int page = random.nextInt(1, pages());
      content[page * PAGE + random.nextInt(PAGE)]++;
      dirty.set(page);
    }
  }

  void readPage(int page, ByteBuffer into) {
    into.put(content, page * PAGE, PAGE);
  }

  void writePage(int page, ByteBuffer from) {
    from.get(content, page * PAGE, PAGE);
  }

  int checksum() {
    CRC32 crc = new CRC32();
    crc.update(content);
    return (int) crc.getValue();
  }

  static ByteBuffer record(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
