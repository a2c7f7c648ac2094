// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.codec.Compression;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.SwitchoverPolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import java.time.Duration;
import java.util.Optional;

/**
 * How a migration is to be done.
 *
 * @param maxDowntime how long the devices may stand still, more than 0; a switchover that takes longer is
 *     undone, unless the policy allows for more
 * @param maxQuiesce how long the devices may take to enter their grace states, more than 0; if they take longer,
 *     they go back and the policy decides
 * @param arcTimeout how long a call to a device may take before it is reported as one that does not return, more than
 *     0. A {@code VfioUserClient} has a limit of its own, which is to be {@link MigrationTimeouts#exchange}
 * @param maxBandwidth bytes a second to send at most, all connections together: 0 for no limit, else at least
 *     {@value #MIN_BANDWIDTH}
 * @param channels how many connections memory is sent over, from 1 to {@value #MAX_CHANNELS}
 * @param preCopy whether the state of devices is streamed while they run, if they can do that
 * @param noPeerDma whether it is certain that no device reaches another's memory, so that several of which one has
 *     no grace state can be moved
 * @param policy decides when to switch over
 * @param stallTimeout how long the other side may give no sign of life before it is given up, more than 0; the same on
 *     both sides, since each gives eight signs in its own
 * @param journal where to put down who owns the devices; where there is none, nobody can tell after a crash
 * @param compression how the source compresses what it sends; empty for not at all
 * @param codecs where a side that is sent a compressed stream has its codec from
 */
public record MigrationOptions(Duration maxDowntime, Duration maxQuiesce, Duration arcTimeout,
    long maxBandwidth, int channels, boolean preCopy, boolean noPeerDma, SwitchoverPolicy policy,
    Duration stallTimeout, Optional<Journal> journal, Optional<Compression> compression, Codecs codecs) {

  /**
   * The least limit of bandwidth, bytes a second: with less, one frame would outlast the patience of the
   * peer.
   */
  public static final long MIN_BANDWIDTH = 4096;

  /** More connections for memory are not made. */
  public static final int MAX_CHANNELS = 64;

  private static final MigrationOptions DEFAULTS = new MigrationOptions(Duration.ofMillis(300),
      Duration.ofMillis(200), Duration.ofSeconds(10), 0, 1, true, false,
      new DowntimePolicy(Duration.ofMinutes(5), WhenNotConverging.ABORT), Duration.ofSeconds(10),
      Optional.empty(), Optional.empty(), Codecs.NONE);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public MigrationOptions {
    requirePositive(maxDowntime, "maxDowntime");
    requirePositive(maxQuiesce, "maxQuiesce");
    requirePositive(arcTimeout, "arcTimeout");
    requirePositive(stallTimeout, "stallTimeout");
    if (maxBandwidth != 0 && maxBandwidth < MIN_BANDWIDTH) {
      throw new IllegalArgumentException(
          "maxBandwidth is 0 (no limit) or at least %d bytes/s, but this is %d".formatted(MIN_BANDWIDTH,
              maxBandwidth));
    }
    if (channels < 1 || channels > MAX_CHANNELS) {
      throw new IllegalArgumentException(
          "channels is from 1 to %d, but this is %d".formatted(MAX_CHANNELS, channels));
    }
  }

  private static void requirePositive(Duration duration, String name) {
    if (!duration.isPositive()) {
      throw new IllegalArgumentException(name + " is more than 0, but this is " + duration);
    }
  }

  /**
   * Returns 300 ms of downtime, 200 ms to quiesce, 10 s for a call, no limit of bandwidth, one connection for memory,
   * pre-copy, 5 minutes to converge or else give up, 10 s for a stall, no compression and no codec.
   */
  public static MigrationOptions defaults() {
    return DEFAULTS;
  }

  /** Returns how long is waited for what, all of which follows from these options. */
  public MigrationTimeouts timeouts() {
    return new MigrationTimeouts(arcTimeout, maxQuiesce, stallTimeout);
  }

  /** Returns these options with another limit of downtime. */
  public MigrationOptions withMaxDowntime(Duration limit) {
    return new MigrationOptions(limit, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy, noPeerDma,
        policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another limit for entering the grace states. */
  public MigrationOptions withMaxQuiesce(Duration limit) {
    return new MigrationOptions(maxDowntime, limit, arcTimeout, maxBandwidth, channels, preCopy, noPeerDma,
        policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another limit for a call that moves a device. */
  public MigrationOptions withArcTimeout(Duration limit) {
    return new MigrationOptions(maxDowntime, maxQuiesce, limit, maxBandwidth, channels, preCopy, noPeerDma,
        policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another limit of bandwidth, bytes a second. */
  public MigrationOptions withMaxBandwidth(long bytesPerSecond) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, bytesPerSecond, channels, preCopy,
        noPeerDma, policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another number of connections for memory. */
  public MigrationOptions withChannels(int count) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, count, preCopy, noPeerDma,
        policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with pre-copy of devices allowed or not. */
  public MigrationOptions withPreCopy(boolean allowed) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, allowed,
        noPeerDma, policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with or without the word that no device reaches another's memory. */
  public MigrationOptions withNoPeerDma(boolean certain) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy, certain,
        policy, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another policy. */
  public MigrationOptions withPolicy(SwitchoverPolicy other) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
        noPeerDma, other, stallTimeout, journal, compression, codecs);
  }

  /** Returns these options with another patience for the other side. */
  public MigrationOptions withStallTimeout(Duration timeout) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
        noPeerDma, policy, timeout, journal, compression, codecs);
  }

  /** Returns these options with a journal. */
  public MigrationOptions withJournal(Journal where) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
        noPeerDma, policy, stallTimeout, Optional.of(where), compression, codecs);
  }

  /** Returns these options with what is sent compressed. */
  public MigrationOptions withCompression(Codec codec, int level) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
        noPeerDma, policy, stallTimeout, journal, Optional.of(new Compression(codec, level)), codecs);
  }

  /** Returns these options with compressed streams taken, as far as there are codecs for them. */
  public MigrationOptions withCodecs(Codecs available) {
    return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
        noPeerDma, policy, stallTimeout, journal, compression, available);
  }
}
