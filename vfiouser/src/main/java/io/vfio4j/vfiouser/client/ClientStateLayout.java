// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.StateLayout;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.StateLayoutData;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reads the layout of a device's state, feature {@link Feature#STATE_LAYOUT}. */
final class ClientStateLayout {

  private ClientStateLayout() {
  }

  /** Asks a server. Returns nothing if it does not know the feature, or its reply is not a layout. */
  static Optional<StateLayout> query(ClientCalls calls) throws DeviceException {
    try {
      return calls.call("read the layout of the state", Command.DEVICE_FEATURE,
          head -> ClientMigration.encodeFeature(head, Feature.STATE_LAYOUT | Feature.GET,
              StateLayoutData.SIZE),
          MemorySegment.NULL,
          reader -> {
            int at = ClientCalls.readBody(reader, Feature.SIZE + StateLayoutData.SIZE);
            return StateLayoutData.decode(reader.buffer().segment(), at + Feature.SIZE);
          });
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.ENOTTY) || e.errno().equals(Errno.EINVAL)) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
