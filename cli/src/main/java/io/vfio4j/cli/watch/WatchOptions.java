// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.output.OutputFile;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options for reports of a migration besides the output of the command: a picocli mixin. */
public final class WatchOptions {

  @Option(names = "--events", paramLabel = "FILE", description = "Write every event to FILE as it occurs, one JSON object per line as with --json. An existing file is replaced.")
  private @Nullable Path events;

  @Option(names = "--metrics", paramLabel = "ADDR", converter = MetricsAddressConverter.class, description = "Serve metrics for Prometheus at http://ADDR/metrics until this command ends. ADDR is PORT (on localhost) or HOST:PORT; port 0 selects a free one.")
  private @Nullable InetSocketAddress metrics;

  @Option(names = "--metrics-allow-remote", description = "Allow --metrics on an address that other hosts can reach. There is no authentication.")
  private boolean allowRemote;

  @Option(names = "--report", paramLabel = "FILE", description = "Write an HTML page with the timeline of the migration to FILE when it ends or fails.")
  private @Nullable Path report;

  /**
   * Starts the watchers.
   *
   * @param output receives warnings and the address of the metrics
   * @throws IOException if a file cannot be written or the metrics server cannot listen
   * @throws ParameterException if an option is not valid
   */
  public MigrationMonitor start(CommandSpec spec, Output output) throws IOException {
    Optional<OutputFile> eventsFile = OptionValues.outputFile(spec, "--events", events);
    Optional<OutputFile> reportFile = OptionValues.outputFile(spec, "--report", report);
    requireLoopback(spec);
    List<Watcher> watchers = new ArrayList<>();
    try {
      if (eventsFile.isPresent()) {
        watchers.add(EventsFile.create(eventsFile.get(), output));
      }
      if (metrics != null) {
        watchers.add(MetricsServer.start(metrics, output));
      }
      if (reportFile.isPresent()) {
        watchers.add(new MigrationPageFile(reportFile.get(), CommandInvocation.of(spec), output));
      }
      return new MigrationMonitor(watchers, output);
    } catch (IOException | RuntimeException | Error e) {
      watchers.forEach(Watcher::close);
      throw e;
    }
  }

  private void requireLoopback(CommandSpec spec) {
    if (metrics == null) {
      return;
    }
    if (metrics.isUnresolved()) {
      throw new ParameterException(spec.commandLine(),
          "--metrics: unknown host: %s".formatted(metrics.getHostString()));
    }
    if (!metrics.getAddress().isLoopbackAddress() && !allowRemote) {
      throw new ParameterException(spec.commandLine(),
          "--metrics: other hosts can reach %s and could read the metrics; give only a port, or allow it with --metrics-allow-remote"
              .formatted(metrics.getHostString()));
    }
  }
}
