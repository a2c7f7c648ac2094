// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Where a channel's frames go: a {@link FrameWriter}, or what stands for one. */
public interface MemoryOutput {

  /** Returns where the payload of the next frame goes. */
  MemorySegment payload();

  /** Sends a MEMORY frame with a payload that is in its place, when that is permitted. */
  void sendMemory(int length, RateGate gate) throws IOException;
}
