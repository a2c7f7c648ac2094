// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;

/**
 * What a state means.
 *
 * @param brief a few words, for a box in a diagram
 * @param sentence a line
 */
record StateMeaning(String brief, String sentence) {

  static StateMeaning of(DeviceState state) {
    return switch (state) {
      case ERROR -> new StateMeaning("has failed", "has failed, and only a reset helps");
      case STOP -> new StateMeaning("stands still", "stands still; nothing in it changes");
      case RUNNING ->
        new StateMeaning("operates", "operates; every device starts here, and a reset leads here");
      case STOP_COPY ->
        new StateMeaning("stands still, is read out", "stands still, and its state is read out");
      case RESUMING -> new StateMeaning("stands still, is written",
          "stands still, and a saved state is written into it");
      case RUNNING_P2P -> new StateMeaning("operates, no DMA to peers",
          "operates, but starts no DMA to its peers; it answers theirs");
      case PRE_COPY ->
        new StateMeaning("operates, is read out", "operates, and its state is read out meanwhile");
      case PRE_COPY_P2P -> new StateMeaning("read out, no DMA to peers",
          "operates without DMA to its peers, and its state is read out meanwhile");
    };
  }

  /** Returns what a state of version 1 with NDMA means. */
  static StateMeaning ofNdma(DeviceState same) {
    return same.isSaving()
        ? new StateMeaning("read out, no DMA", "operates without DMA, and its state is read out meanwhile")
        : new StateMeaning("operates, no DMA", "operates, but starts no DMA");
  }
}
