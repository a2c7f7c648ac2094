// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.vfiouser.log.LogLevel;
import io.vfio4j.vfiouser.log.ServerLog;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a server's log on standard error, as a mixin. */
final class ServerLogOptions {

  @Option(names = "--log-level", paramLabel = "LEVEL", converter = LogLevelConverter.class, completionCandidates = LogLevelConverter.Candidates.class, description = "Log level: warning; info, which adds connections and refused requests; or debug, which adds "
      + "routine refusals, such as of queries for features that the device lacks (default: info, with --quiet warning).")
  private @Nullable LogLevel level;

  @Option(names = "--log-timestamps", negatable = true, description = "Prefix each line of the log with the time in UTC (default: on, unless standard error is a terminal or the "
      + "systemd journal).")
  private @Nullable Boolean timestamps;

  /** Returns the log. */
  ServerLog log(Output output) {
    LogLevel threshold = level != null ? level : output.isQuiet() ? LogLevel.WARNING : LogLevel.INFO;
    boolean timed =
        timestamps != null ? timestamps : !Terminal.isTerminal(Terminal.STDERR) && !goesToJournal();
    return log(output, threshold, timed, Clock.systemUTC());
  }

  static ServerLog log(Output output, LogLevel threshold, boolean timed, Clock clock) {
    return (level, line) -> {
      if (threshold.includes(level)) {
        output.log(timed ? Instant.now(clock).truncatedTo(ChronoUnit.MILLIS) + " " + line : line);
      }
    };
  }

  /** The journal adds its own timestamps, see systemd.exec(5). */
  private static boolean goesToJournal() {
    return System.getenv("JOURNAL_STREAM") != null;
  }
}
