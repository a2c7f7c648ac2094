// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;

/**
 * The meaning of a state.
 *
 * @param brief the text of the box in a diagram
 * @param sentence the text in tables
 */
record StateMeaning(String brief, String sentence) {

  static StateMeaning of(DeviceState state) {
    return switch (state) {
      case ERROR -> new StateMeaning("failed", "failed, and must be reset");
      case STOP -> new StateMeaning("stopped", "stopped; its state does not change");
      case RUNNING ->
        new StateMeaning("running", "running; the initial state, and the state after a reset");
      case STOP_COPY ->
        new StateMeaning("stopped, state is read", "stopped, while its state is read");
      case RESUMING -> new StateMeaning("stopped, state is written",
          "stopped, while a saved state is written");
      case RUNNING_P2P -> new StateMeaning("running, no DMA to peers",
          "running, but starts no DMA to peers; it still serves theirs");
      case PRE_COPY ->
        new StateMeaning("running, state is read", "running, while its state is read");
      case PRE_COPY_P2P -> new StateMeaning("state read, no peer DMA",
          "running without DMA to peers, while its state is read");
    };
  }

  /** Returns the meaning of a state of version 1 with NDMA. */
  static StateMeaning ofNdma(DeviceState same) {
    return same.isSaving()
        ? new StateMeaning("state is read, no DMA", "running without DMA, while its state is read")
        : new StateMeaning("running, no DMA", "running, but starts no DMA");
  }
}
