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
 * The options of a migration. Immutable; start from {@link #defaults}, then use the {@code with} methods, or
 * {@link #builder} for several at once.
 *
 * @param maxDowntime maximum downtime; a switchover that exceeds it is rolled back, unless the policy allows
 *     more; default 300 ms
 * @param maxQuiesce maximum time for the devices to enter their P2P states; when it expires, they return to
 *     the previous state and the policy decides; default 200 ms
 * @param arcTimeout timeout for a state transition or another call to a device; when it expires, the device
 *     is treated as hung. A {@code VfioUserClient} has a limit of its own, which must be {@link
 *     MigrationTimeouts#exchange}; default 10 s
 * @param maxBandwidth maximum bytes per second, over all connections together; 0 for no limit, otherwise at
 *     least {@value #MIN_BANDWIDTH}; default 0
 * @param channels number of connections for memory; from 1 to {@value #MAX_CHANNELS}; default 1
 * @param preCopy whether device state is streamed while the devices run, where they support it; default true
 * @param noPeerDma the caller's assertion that no device accesses the memory of another; with it, several
 *     devices can migrate although one of them has no P2P state; default false
 * @param policy decides after each round whether to switch over; default {@link DowntimePolicy}, which aborts
 *     after 5 minutes without convergence
 * @param stallTimeout how long the other side may be silent before the connection is treated as lost; must be
 *     the same on both sides: each sends eight heartbeats in this time; default 10 s
 * @param journal where ownership of the devices is recorded; without it, ownership is unknown after a crash;
 *     default none
 * @param compression how the source compresses the stream; empty for no compression, the default
 * @param codecs supplies the codecs for compressed streams that this side receives; default none
 */
public record MigrationOptions(Duration maxDowntime, Duration maxQuiesce, Duration arcTimeout,
    long maxBandwidth, int channels, boolean preCopy, boolean noPeerDma, SwitchoverPolicy policy,
    Duration stallTimeout, Optional<Journal> journal, Optional<Compression> compression, Codecs codecs) {

  /** The lowest bandwidth limit, bytes per second: below it, one frame would outlast the peer's stall timeout. */
  public static final long MIN_BANDWIDTH = 4096;

  /** The most connections for memory. */
  public static final int MAX_CHANNELS = 64;

  private static final MigrationOptions DEFAULTS = builder().build();

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public MigrationOptions {
    requirePositive(maxDowntime, "maxDowntime");
    requirePositive(maxQuiesce, "maxQuiesce");
    requirePositive(arcTimeout, "arcTimeout");
    requirePositive(stallTimeout, "stallTimeout");
    if (maxBandwidth != 0 && maxBandwidth < MIN_BANDWIDTH) {
      throw new IllegalArgumentException("maxBandwidth must be 0 (no limit) or at least %d bytes/s, not %d"
          .formatted(MIN_BANDWIDTH, maxBandwidth));
    }
    if (channels < 1 || channels > MAX_CHANNELS) {
      throw new IllegalArgumentException(
          "channels must be from 1 to %d, not %d".formatted(MAX_CHANNELS, channels));
    }
  }

  private static void requirePositive(Duration duration, String name) {
    if (!duration.isPositive()) {
      throw new IllegalArgumentException("%s must be more than 0, not %s".formatted(name, duration));
    }
  }

  /** Returns the default options; the builder's fields list them. */
  public static MigrationOptions defaults() {
    return DEFAULTS;
  }

  /** Returns a builder with the default options. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with these options. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Returns the timeouts that follow from these options. */
  public MigrationTimeouts timeouts() {
    return new MigrationTimeouts(arcTimeout, maxQuiesce, stallTimeout);
  }

  public MigrationOptions withMaxDowntime(Duration limit) {
    return toBuilder().maxDowntime(limit).build();
  }

  public MigrationOptions withMaxQuiesce(Duration limit) {
    return toBuilder().maxQuiesce(limit).build();
  }

  public MigrationOptions withArcTimeout(Duration limit) {
    return toBuilder().arcTimeout(limit).build();
  }

  public MigrationOptions withMaxBandwidth(long bytesPerSecond) {
    return toBuilder().maxBandwidth(bytesPerSecond).build();
  }

  public MigrationOptions withChannels(int count) {
    return toBuilder().channels(count).build();
  }

  public MigrationOptions withPreCopy(boolean allowed) {
    return toBuilder().preCopy(allowed).build();
  }

  public MigrationOptions withNoPeerDma(boolean certain) {
    return toBuilder().noPeerDma(certain).build();
  }

  public MigrationOptions withPolicy(SwitchoverPolicy policy) {
    return toBuilder().policy(policy).build();
  }

  public MigrationOptions withStallTimeout(Duration timeout) {
    return toBuilder().stallTimeout(timeout).build();
  }

  public MigrationOptions withJournal(Journal journal) {
    return toBuilder().journal(journal).build();
  }

  public MigrationOptions withCompression(Codec codec, int level) {
    return toBuilder().compression(codec, level).build();
  }

  public MigrationOptions withCodecs(Codecs available) {
    return toBuilder().codecs(available).build();
  }

  /** Collects options; each method sets the option of its name, see {@link MigrationOptions}. */
  public static final class Builder {

    private Duration maxDowntime = Duration.ofMillis(300);
    private Duration maxQuiesce = Duration.ofMillis(200);
    private Duration arcTimeout = Duration.ofSeconds(10);
    private long maxBandwidth = 0;
    private int channels = 1;
    private boolean preCopy = true;
    private boolean noPeerDma = false;
    private SwitchoverPolicy policy = new DowntimePolicy(Duration.ofMinutes(5), WhenNotConverging.ABORT);
    private Duration stallTimeout = Duration.ofSeconds(10);
    private Optional<Journal> journal = Optional.empty();
    private Optional<Compression> compression = Optional.empty();
    private Codecs codecs = Codecs.NONE;

    private Builder() {
    }

    private Builder(MigrationOptions from) {
      maxDowntime = from.maxDowntime;
      maxQuiesce = from.maxQuiesce;
      arcTimeout = from.arcTimeout;
      maxBandwidth = from.maxBandwidth;
      channels = from.channels;
      preCopy = from.preCopy;
      noPeerDma = from.noPeerDma;
      policy = from.policy;
      stallTimeout = from.stallTimeout;
      journal = from.journal;
      compression = from.compression;
      codecs = from.codecs;
    }

    public Builder maxDowntime(Duration limit) {
      maxDowntime = limit;
      return this;
    }

    public Builder maxQuiesce(Duration limit) {
      maxQuiesce = limit;
      return this;
    }

    public Builder arcTimeout(Duration limit) {
      arcTimeout = limit;
      return this;
    }

    public Builder maxBandwidth(long bytesPerSecond) {
      maxBandwidth = bytesPerSecond;
      return this;
    }

    public Builder channels(int count) {
      channels = count;
      return this;
    }

    public Builder preCopy(boolean allowed) {
      preCopy = allowed;
      return this;
    }

    public Builder noPeerDma(boolean certain) {
      noPeerDma = certain;
      return this;
    }

    public Builder policy(SwitchoverPolicy decider) {
      policy = decider;
      return this;
    }

    public Builder stallTimeout(Duration timeout) {
      stallTimeout = timeout;
      return this;
    }

    public Builder journal(Journal recorded) {
      journal = Optional.of(recorded);
      return this;
    }

    public Builder compression(Codec codec, int level) {
      compression = Optional.of(new Compression(codec, level));
      return this;
    }

    public Builder codecs(Codecs available) {
      codecs = available;
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public MigrationOptions build() {
      return new MigrationOptions(maxDowntime, maxQuiesce, arcTimeout, maxBandwidth, channels, preCopy,
          noPeerDma, policy, stallTimeout, journal, compression, codecs);
    }
  }
}
