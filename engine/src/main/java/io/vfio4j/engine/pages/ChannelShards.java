// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

/**
 * Divides memory among channels: shards are assigned round-robin. A page always uses the same channel, so the later of two
 * versions of it arrives later, without synchronisation between channels.
 *
 * @param channels the number of channels
 */
public record ChannelShards(int channels) {

  /** Pages of a shard, 64 MiB; also the most that one frame covers. */
  static final int SHARD_PAGES = 16384;

  public ChannelShards {
    if (channels < 1) {
      throw new IllegalArgumentException(channels + " channels");
    }
  }

  /** Returns the channel of a page, from 0. Regions begin with different channels, because they may be small. */
  int channelOf(int region, long page) {
    return (int) ((page / SHARD_PAGES + region) % channels);
  }

  /** Returns the first shard of a region that uses a channel; the others follow at a distance of {@link #channels}. */
  long firstShard(int region, int channel) {
    return Math.floorMod(channel - region, channels);
  }
}
