// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateImage;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** A state that a device saves by hand. */
record CodecState(StateCodec codec, int bytes) implements StateImage {

  @Override
  public boolean acceptsLength(int length) {
    return length == bytes;
  }

  @Override
  public void save(ByteBuffer to) {
    codec.save(to);
  }

  @Override
  public void check(ByteBuffer from) {
    // Its length is right, and what its values mean only the device knows.
  }

  @Override
  public void load(ByteBuffer from) throws ErrnoException {
    codec.load(from);
  }
}
