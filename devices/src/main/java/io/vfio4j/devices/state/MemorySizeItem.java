// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.nio.ByteBuffer;

/**
 * An item of a state that represents a memory: an empty value, and a name that contains the size, so that the state of a
 * device with other memories is refused.
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
    // The pages are in MEMORY records.
  }

  @Override
  public void load(ByteBuffer from) {
    // The pages were loaded on receipt.
  }

  @Override
  public void reset() {
    // The memory is reset separately.
  }
}
