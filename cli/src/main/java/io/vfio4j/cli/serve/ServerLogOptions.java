// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.vfiouser.server.LogLevel;
import io.vfio4j.vfiouser.server.ServerLog;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a server writes to the standard error while it serves. To be mixed in. */
final class ServerLogOptions {

  @Option(names = "--log-level", paramLabel = "LEVEL", converter = LogLevelConverter.class, completionCandidates = LogLevelConverter.Candidates.class, description = "What to log: warning; info, also clients that come and go and requests that are refused; or debug, also "
      + "what clients merely ask for (default: info, with --quiet warning).")
  private @Nullable LogLevel level;

  @Option(names = "--log-timestamps", negatable = true, description = "Begin each line of the log with the time, in UTC (default: unless the standard error is a terminal or "
      + "goes to the journal).")
  private @Nullable Boolean timestamps;

  /** Returns where lines go. */
  ServerLog log(Output output) {
    LogLevel wanted = level != null ? level : output.isQuiet() ? LogLevel.WARNING : LogLevel.INFO;
    boolean timed =
        timestamps != null ? timestamps : !Terminal.isTerminal(Terminal.STDERR) && !goesToJournal();
    return log(output, wanted, timed, Clock.systemUTC());
  }

  static ServerLog log(Output output, LogLevel wanted, boolean timed, Clock clock) {
    return (level, line) -> {
      if (wanted.includes(level)) {
        output.log(timed ? Instant.now(clock).truncatedTo(ChronoUnit.MILLIS) + " " + line : line);
      }
    };
  }

  /** The journal has times of its own, see systemd.exec(5). */
  private static boolean goesToJournal() {
    return System.getenv("JOURNAL_STREAM") != null;
  }
}
