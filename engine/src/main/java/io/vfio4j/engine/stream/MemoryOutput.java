// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The output of a memory channel: a {@link FrameWriter}, or a test's substitute. */
public interface MemoryOutput {

  /** Returns the buffer for the payload of the next frame. */
  MemorySegment payload();

  /** Sends a MEMORY frame whose payload is in its buffer, once the gate permits it. */
  void sendMemory(int length, RateGate gate) throws IOException;
}
