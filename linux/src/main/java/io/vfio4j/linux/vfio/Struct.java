// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** Creates layouts of the kernel's structs, most of whose fields are u32 and u64. */
final class Struct {

  private Struct() {}

  static StructLayout of(String name, MemoryLayout... fields) {
    return MemoryLayout.structLayout(fields).withName(name);
  }

  static MemoryLayout u8(String name) {
    return JAVA_BYTE.withName(name);
  }

  static MemoryLayout u16(String name) {
    return JAVA_SHORT.withName(name);
  }

  static MemoryLayout u32(String name) {
    return JAVA_INT.withName(name);
  }

  static MemoryLayout u64(String name) {
    return JAVA_LONG.withName(name);
  }

  static long offset(StructLayout layout, String field) {
    return layout.byteOffset(PathElement.groupElement(field));
  }

  /** Allocates a zeroed struct whose first field is its size, as {@code argsz} and {@code size} are. */
  static MemorySegment allocate(Arena arena, StructLayout layout) {
    return allocate(arena, layout, 0);
  }

  /** Allocates a zeroed struct followed by more bytes, all of which its first field counts. */
  static MemorySegment allocate(Arena arena, StructLayout layout, long extraBytes) {
    MemorySegment struct = arena.allocate(layout.byteSize() + extraBytes, Long.BYTES);
    struct.set(JAVA_INT, 0, (int) struct.byteSize());
    return struct;
  }
}
