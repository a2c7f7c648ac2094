// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
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

  /**
   * Queries a server. Returns empty if it does not support the feature, or its reply is not a valid layout.
   */
  static Optional<StateLayout> query(ClientCalls calls) throws DeviceException {
    return ClientCalls.unlessRefused(FeatureRequests.UNSUPPORTED, () -> calls.call("read the state layout",
        Command.DEVICE_FEATURE,
        head -> FeatureRequests.encode(head, Feature.STATE_LAYOUT | Feature.GET, StateLayoutData.SIZE),
        MemorySegment.NULL, reader -> {
          int at = ClientCalls.readBody(reader, Feature.SIZE + StateLayoutData.SIZE);
          return StateLayoutData.decode(reader.buffer().segment(), at + Feature.SIZE);
        })).flatMap(layout -> layout);
  }
}
