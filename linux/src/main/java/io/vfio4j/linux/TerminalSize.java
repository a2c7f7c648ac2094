// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;

/** The size of a terminal, tty_ioctl(4). */
public final class TerminalSize {

  /** The same number on x86-64 and arm64. */
  private static final long TIOCGWINSZ = 0x5413;

  /** struct winsize. */
  private static final StructLayout WINSIZE =
      MemoryLayout.structLayout(ValueLayout.JAVA_SHORT.withName("ws_row"),
          ValueLayout.JAVA_SHORT.withName("ws_col"), ValueLayout.JAVA_SHORT.withName("ws_xpixel"),
          ValueLayout.JAVA_SHORT.withName("ws_ypixel"));
  private static final long COLUMNS = WINSIZE.byteOffset(MemoryLayout.PathElement.groupElement("ws_col"));

  private TerminalSize() {
  }

  /**
   * Returns the number of columns of a terminal, at least 1; empty if the descriptor is not a terminal or its
   * size is unknown.
   *
   * @param descriptor a descriptor of this process, such as 1 for standard output
   */
  public static OptionalInt columns(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINSIZE);
      if (FileCalls.ioctl(descriptor, TIOCGWINSZ, size) < 0) {
        return OptionalInt.empty();
      }
      int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, COLUMNS));
      return columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
    }
  }
}
