// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/** What the states and transitions of version 1 and version 2 are to each other. */
public final class VersionMapping {

  private static final String NDMA_IS_MORE =
      "NDMA ends all DMA of the device, P2P only that to peers";
  private static final String NDMA_MEANS_NOTHING = "NDMA means nothing while the device does not run";

  private VersionMapping() {
  }

  /**
   * Returns the state of version 2 that a value of version 1 stands for. Reserved bits play no part.
   *
   * @return none for invalid values
   */
  public static Counterpart<DeviceState> toV2(DeviceStateV1 state) {
    if (!state.isValid()) {
      return new Counterpart.None<>(state + " is not a valid state");
    }
    if (state.hasNdma() && !state.isRunning()) {
      return new Counterpart.Found<>(sameInV2(state.effective()), Optional.of(NDMA_MEANS_NOTHING));
    }
    return new Counterpart.Found<>(sameInV2(state),
        state.hasNdma() ? Optional.of(NDMA_IS_MORE) : Optional.empty());
  }

  private static DeviceState sameInV2(DeviceStateV1 effective) {
    for (DeviceState state : DeviceState.values()) {
      if (sameInV1(state).bits() == effective.bits()) {
        return state;
      }
    }
    throw new IllegalArgumentException(effective.toString());
  }

  /**
   * Returns the state of version 1 that is the same as one of version 2.
   *
   * @param state the state of version 2
   * @param ndma whether the device with version 1 has NDMA; without it, states without peer-to-peer DMA have
   *     no counterpart
   */
  public static Counterpart<DeviceStateV1> toV1(DeviceState state, boolean ndma) {
    DeviceStateV1 same = sameInV1(state);
    if (!same.hasNdma()) {
      return new Counterpart.Found<>(same, Optional.empty());
    }
    return ndma
        ? new Counterpart.Found<>(same, Optional.of(NDMA_IS_MORE))
        : new Counterpart.None<>("the region has no capability NDMA, and so nothing like " + state);
  }

  private static DeviceStateV1 sameInV1(DeviceState state) {
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
   * Returns the arc of version 1 that does what a request of version 2 does.
   *
   * @return none where one of the states has no counterpart, or nothing would be written
   */
  public static Counterpart<ArcV1> toV1(DeviceState from, DeviceState to, boolean ndma) {
    if (from == DeviceState.ERROR || to == DeviceState.ERROR) {
      return new Counterpart.None<>("no write leads into ERROR or out of it");
    }
    if (from == to) {
      return new Counterpart.None<>("nothing changes");
    }
    if (toV1(from, ndma) instanceof Counterpart.None<DeviceStateV1>(String reason)) {
      return new Counterpart.None<>(reason);
    }
    if (toV1(to, ndma) instanceof Counterpart.None<DeviceStateV1>(String reason)) {
      return new Counterpart.None<>(reason);
    }
    return new Counterpart.Found<>(new ArcV1(sameInV1(from), sameInV1(to)), Optional.empty());
  }

  /**
   * Tells what becomes of an arc of version 1 in version 2.
   *
   * @param arc the arc
   * @param features of the device with version 2
   * @return where the request leads; none where the kernel's next-state function answers EINVAL
   */
  public static Counterpart<DeviceState> toV2(ArcV1 arc, MigrationFeatures features) {
    DeviceState from = sameInV2(arc.from());
    DeviceState to = sameInV2(arc.to());
    if (!features.supports(from) || !features.supports(to)) {
      return new Counterpart.None<>("the device lacks " + (features.supports(from) ? to : from));
    }
    if (NextState.of(features).next(from, to).isEmpty()) {
      return new Counterpart.None<>("version 2 blocks the way back from STOP_COPY to pre-copy");
    }
    return new Counterpart.Found<>(to, Optional.empty());
  }
}
