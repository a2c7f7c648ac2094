// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.nio.ByteBuffer;

/**
 * A memory among the pieces of a state: no value, but a name that holds its size, so that the state of a device
 * with other memories is refused.
 */
public record MemorySizeItem(String memory, long size) implements StateItem {

  @Override
  public String name() {
    return "memory %s: %d".formatted(memory, size);
  }

  @Override
  public int bytes() {
    return 0;
  }

  @Override
  public void save(ByteBuffer to) {
    // Its pages are sent on their own.
  }

  @Override
  public void load(ByteBuffer from) {
    // Its pages were loaded as they came.
  }

  @Override
  public void reset() {
    // The memory itself is reset.
  }
}
