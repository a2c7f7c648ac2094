// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import java.util.Optional;

/** Maps states and transitions between version 1 and version 2. */
public final class VersionMapping {

  private static final String NDMA_STOPS_ALL_DMA =
      "NDMA stops all DMA of the device, P2P only peer-to-peer DMA";
  private static final String NDMA_HAS_NO_EFFECT = "NDMA has no effect while the device is stopped";

  private VersionMapping() {
  }

  /**
   * Returns the state of version 2 that corresponds to a value of version 1. Reserved bits are ignored.
   *
   * @return no match for invalid values
   */
  public static StateMapping<DeviceState> toV2(DeviceStateV1 state) {
    if (!state.isValid()) {
      return new StateMapping.NoMatch<>(state + " is not a valid state");
    }
    if (state.hasNdma() && !state.isRunning()) {
      return new StateMapping.Match<>(stateV2(state.effective()), Optional.of(NDMA_HAS_NO_EFFECT));
    }
    return new StateMapping.Match<>(stateV2(state),
        state.hasNdma() ? Optional.of(NDMA_STOPS_ALL_DMA) : Optional.empty());
  }

  private static DeviceState stateV2(DeviceStateV1 effective) {
    for (DeviceState state : DeviceState.values()) {
      if (stateV1(state).bits() == effective.bits()) {
        return state;
      }
    }
    throw new IllegalArgumentException(effective.toString());
  }

  /**
   * Returns the state of version 1 that corresponds to a state of version 2.
   *
   * @param state the state of version 2
   * @param ndma whether the device with version 1 has NDMA; without it, the P2P states have no counterpart
   */
  public static StateMapping<DeviceStateV1> toV1(DeviceState state, boolean ndma) {
    DeviceStateV1 same = stateV1(state);
    if (!same.hasNdma()) {
      return new StateMapping.Match<>(same, Optional.empty());
    }
    return ndma
        ? new StateMapping.Match<>(same, Optional.of(NDMA_STOPS_ALL_DMA))
        : new StateMapping.NoMatch<>("the region has no capability NDMA, and so no counterpart of " + state);
  }

  private static DeviceStateV1 stateV1(DeviceState state) {
    return switch (state) {
      case ERROR -> DeviceStateV1.ERROR;
      case STOP -> DeviceStateV1.STOP;
      case RUNNING -> DeviceStateV1.RUNNING;
      case STOP_COPY -> DeviceStateV1.STOP_COPY;
      case RESUMING -> DeviceStateV1.RESUMING;
      case RUNNING_P2P -> DeviceStateV1.RUNNING_NDMA;
      case PRE_COPY -> DeviceStateV1.PRE_COPY;
      case PRE_COPY_P2P -> DeviceStateV1.PRE_COPY_NDMA;
    };
  }

  /**
   * Returns the arc of version 1 that corresponds to a request of version 2.
   *
   * @return no match if one of the states has no counterpart, or nothing would be written
   */
  public static StateMapping<ArcV1> toV1(DeviceState from, DeviceState to, boolean ndma) {
    if (from == DeviceState.ERROR || to == DeviceState.ERROR) {
      return new StateMapping.NoMatch<>("no write leads into ERROR or out of it");
    }
    if (from == to) {
      return new StateMapping.NoMatch<>("nothing changes");
    }
    if (toV1(from, ndma) instanceof StateMapping.NoMatch<DeviceStateV1>(String reason)) {
      return new StateMapping.NoMatch<>(reason);
    }
    if (toV1(to, ndma) instanceof StateMapping.NoMatch<DeviceStateV1>(String reason)) {
      return new StateMapping.NoMatch<>(reason);
    }
    return new StateMapping.Match<>(new ArcV1(stateV1(from), stateV1(to)), Optional.empty());
  }

  /**
   * Returns the result of an arc of version 1 in version 2.
   *
   * @param arc the arc
   * @param features the features of the device with version 2
   * @return the state reached; no match if the kernel's next-state function returns EINVAL
   */
  public static StateMapping<DeviceState> toV2(ArcV1 arc, MigrationFeatures features) {
    DeviceState from = stateV2(arc.from());
    DeviceState to = stateV2(arc.to());
    if (!features.supports(from) || !features.supports(to)) {
      return new StateMapping.NoMatch<>("the device lacks " + (features.supports(from) ? to : from));
    }
    if (NextState.of(features).next(from, to).isEmpty()) {
      return new StateMapping.NoMatch<>("version 2 does not allow STOP_COPY back to pre-copy");
    }
    return new StateMapping.Match<>(to, Optional.empty());
  }
}
