// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.server.MappableFiles;
import io.vfio4j.vfiouser.server.ServerOptions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The limits of a server to its clients, as a mixin. */
final class ServerLimitOptions {

  @Option(names = "--max-data", paramLabel = "SIZE", converter = SizeConverter.class, description = "Maximum size of the data in a message, from 1 byte to 1g (default: 1m).")
  private long maxData = Limits.DEFAULT.maxDataXferSize();

  @Option(names = "--max-fds", paramLabel = "N", description = "Maximum number of file descriptors in a message, 0 to 253 (default: 8).")
  private int maxFds = Limits.DEFAULT.maxMsgFds();

  @Option(names = "--max-maps", paramLabel = "N", description = "Maximum number of DMA mappings per client, at least 1 (default: 65535). All clients together can map at most half of vm.max_map_count; files beyond that are read and written instead.")
  private int maxMaps = Limits.DEFAULT.maxDmaMaps();

  @Option(names = "--max-bitmap", paramLabel = "SIZE", converter = SizeConverter.class, description = "Maximum size of a dirty page bitmap, from 8 bytes to 1g (default: 32m).")
  private long maxBitmap = Limits.DEFAULT.maxBitmapSize();

  @Option(names = "--stall-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for receiving a complete message or reply from a client (default: 10s).")
  private Duration stallTimeout = ServerOptions.DEFAULT.stallTimeout();

  @Option(names = "--busy-poll", paramLabel = "TIME", converter = DurationConverter.class, description = "Poll for the next message for TIME before sleeping, which lowers latency and costs CPU time (default: 0, no polling).")
  private @Nullable Duration busyPoll;

  @Option(names = "--map-files", paramLabel = "NAME", split = ",", description = "Also map files of these file systems when a client shares them as memory: ext4, xfs, ..., a magic number, or any. By default only memfd, tmpfs and hugetlbfs files are mapped, and others are read and written, since a page fault that never returns would hang the server.")
  private List<String> mapFiles = List.of();

  private static final long MAX_SIZE = 1L << 30;
  private static final int MAX_FDS = 253;

  /**
   * Returns server options with these limits.
   *
   * @throws IllegalArgumentException if a value is not valid; the message says what is expected
   */
  ServerOptions applyTo(ServerOptions options) {
    requireRange("--max-data", maxData, 1, MAX_SIZE);
    requireRange("--max-fds", maxFds, 0, MAX_FDS);
    requireRange("--max-maps", maxMaps, 1, Integer.MAX_VALUE);
    requireRange("--max-bitmap", maxBitmap, Long.BYTES, MAX_SIZE);
    return options.withLimits(new Limits(maxFds, (int) maxData, maxMaps, maxBitmap))
        .withMappableFiles(mappableFiles()).withStallTimeout(stallTimeout)
        .withBusyPoll(busyPoll == null ? Duration.ZERO : busyPoll);
  }

  private MappableFiles mappableFiles() {
    try {
      return MappableFiles.MEMORY.withFileSystems(mapFiles);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--map-files: " + e.getMessage(), e);
    }
  }

  private static void requireRange(String option, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s: %d is not between %d and %d".formatted(option, value, min, max));
    }
  }
}
