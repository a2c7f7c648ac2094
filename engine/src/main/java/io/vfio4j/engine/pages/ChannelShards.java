// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

/**
 * How memory is divided among channels: stretch by stretch, in turn. A page always goes over the same channel, so that
 * of two versions of it the later one arrives later, and nobody has to wait for anybody.
 *
 * @param channels how many there are
 */
public record ChannelShards(int channels) {

  /** Pages of a stretch, 64 MiB; also the most that one frame is about. */
  static final int SHARD_PAGES = 16384;

  public ChannelShards {
    if (channels < 1) {
      throw new IllegalArgumentException(channels + " channels");
    }
  }

  /** Returns the channel of a page, from 0. Regions begin with different ones, in case they are small. */
  int channelOf(int region, long page) {
    return (int) ((page / SHARD_PAGES + region) % channels);
  }

  /** Returns a region's first stretch that goes over a channel; the others follow at a distance of {@link #channels}. */
  long firstShard(int region, int channel) {
    return Math.floorMod(channel - region, channels);
  }
}
