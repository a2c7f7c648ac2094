// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;

/**
 * What a state means.
 *
 * @param brief a few words, for a box in a diagram
 * @param sentence a line
 */
record Meaning(String brief, String sentence) {

  static Meaning of(DeviceState state) {
    return switch (state) {
      case ERROR -> new Meaning("has failed", "has failed, and only a reset helps");
      case STOP -> new Meaning("stands still", "stands still; nothing in it changes");
      case RUNNING -> new Meaning("operates", "operates; every device starts here, and a reset leads here");
      case STOP_COPY -> new Meaning("stands still, is read out", "stands still, and its state is read out");
      case RESUMING -> new Meaning("stands still, is written",
          "stands still, and a saved state is written into it");
      case RUNNING_P2P -> new Meaning("operates, no DMA to peers",
          "operates, but starts no DMA to its peers; it answers theirs");
      case PRE_COPY -> new Meaning("operates, is read out", "operates, and its state is read out meanwhile");
      case PRE_COPY_P2P -> new Meaning("read out, no DMA to peers",
          "operates without DMA to its peers, and its state is read out meanwhile");
    };
  }

  /** Returns what a state of version 1 with NDMA means. */
  static Meaning ofNdma(DeviceState same) {
    return same.isSaving()
        ? new Meaning("read out, no DMA", "operates without DMA, and its state is read out meanwhile")
        : new Meaning("operates, no DMA", "operates, but starts no DMA");
  }
}
