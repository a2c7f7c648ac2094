// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.StateImage;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/** A STATE record in a device's own format. */
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
    // The length was checked; only the device can check the values.
  }

  @Override
  public void load(ByteBuffer from) throws ErrnoException {
    codec.load(from);
  }
}
