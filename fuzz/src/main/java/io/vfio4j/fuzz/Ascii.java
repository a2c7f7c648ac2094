// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Searches for text in bytes. */
final class Ascii {

  private Ascii() {
  }

  static boolean contains(MemorySegment bytes, String text) {
    return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1).contains(text);
  }
}
