// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes that are part of a device's state, such as a small buffer or queue. Larger content should be memory. */
public final class StateBytes implements StateItem {

  private final String name;
  private final byte[] content;

  public StateBytes(String name, byte[] content) {
    this.name = name;
    this.content = content;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int bytes() {
    return content.length;
  }

  @Override
  public void save(ByteBuffer to) {
    to.put(content);
  }

  @Override
  public void load(ByteBuffer from) {
    from.get(content);
  }

  @Override
  public void reset() {
    Arrays.fill(content, (byte) 0);
  }
}
