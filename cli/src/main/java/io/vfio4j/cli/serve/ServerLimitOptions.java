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

/** What a client may ask of a server, as every command takes it that serves a device. To be mixed in. */
final class ServerLimitOptions {

  @Option(names = "--max-data", paramLabel = "SIZE", converter = SizeConverter.class, description = "Data in a message, from 1 byte to 1g (default: 1m).")
  private long maxData = Limits.DEFAULT.maxDataXferSize();

  @Option(names = "--max-fds", paramLabel = "N", description = "File descriptors in a message, 0 to 253 (default: 8).")
  private int maxFds = Limits.DEFAULT.maxMsgFds();

  @Option(names = "--max-maps", paramLabel = "N", description = "DMA mappings of a client at a time, from 1 on (default: 65535). Of all clients, half of vm.max_map_count are mapped; files beyond that are read and written instead.")
  private int maxMaps = Limits.DEFAULT.maxDmaMaps();

  @Option(names = "--max-bitmap", paramLabel = "SIZE", converter = SizeConverter.class, description = "A report of dirty memory, from 8 bytes to 1g (default: 32m).")
  private long maxBitmap = Limits.DEFAULT.maxBitmapSize();

  @Option(names = "--stall-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "How long a client may take for a message or an answer (default: 10s).")
  private Duration stallTimeout = ServerOptions.DEFAULT.stallTimeout();

  @Option(names = "--busy-poll", paramLabel = "TIME", converter = DurationConverter.class, description = "Look for the next message so long before sleeping: quicker, for a processor's time (default: not at all).")
  private @Nullable Duration busyPoll;

  @Option(names = "--map-files", paramLabel = "NAME", split = ",", description = "Map files of these file systems too when a client shares them as memory: ext4, xfs, ..., a magic number, or any. Others than memfd, tmpfs and hugetlbfs are read and written instead, since one page that never comes would halt the process.")
  private List<String> mapFiles = List.of();

  private static final long MAX_SIZE = 1L << 30;
  private static final int MAX_FDS = 253;

  /**
   * Returns options with what was said.
   *
   * @throws IllegalArgumentException with a line that says what would be right
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

  private static void requireRange(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s: %d is not between %d and %d".formatted(option, value, least, most));
    }
  }
}
