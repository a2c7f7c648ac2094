// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.codec.Codec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Allocates buffers for frames, at the beginning of a page. */
public final class FrameBuffers {

  private static final long PAGE = 4096;

  private FrameBuffers() {
  }

  /** Allocates a buffer for any frame but DATA and MEMORY. */
  public static MemorySegment control(Arena arena) {
    return arena.allocate(FrameHeader.BYTES + (long) FrameKind.HELLO.maxLength(), PAGE);
  }

  /** Allocates a buffer for any frame. */
  public static MemorySegment bulk(Arena arena) {
    return arena.allocate(FrameHeader.BYTES + (long) FrameHeader.MAX_PAYLOAD, PAGE);
  }

  /** Allocates a buffer for a frame with the longest payload, compressed, even if it does not shrink. */
  public static MemorySegment compressed(Arena arena, Codec codec) {
    return arena.allocate(FrameHeader.BYTES + codec.bound(FrameHeader.MAX_PAYLOAD), PAGE);
  }

  /** Allocates a buffer for the longest payload, without a header. */
  public static MemorySegment payload(Arena arena) {
    return arena.allocate(FrameHeader.MAX_PAYLOAD, PAGE);
  }
}
