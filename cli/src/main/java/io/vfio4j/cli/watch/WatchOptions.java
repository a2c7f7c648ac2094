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

/** How else to watch a migration. To be mixed in. */
public final class WatchOptions {

  @Option(names = "--events", paramLabel = "FILE", description = "Write every event to FILE as it comes, a JSON object on a line of its own, as --json does; a file that is there is replaced.")
  private @Nullable Path events;

  @Option(names = "--metrics", paramLabel = "ADDR", converter = MetricsAddressConverter.class, description = "Tell Prometheus how it goes, at http://ADDR/metrics until this command ends: PORT on this machine, or HOST:PORT; port 0 lets the system choose.")
  private @Nullable InetSocketAddress metrics;

  @Option(names = "--metrics-anywhere", description = "Let --metrics be an address that other machines reach: whoever does may read it.")
  private boolean metricsAnywhere;

  @Option(names = "--report", paramLabel = "FILE", description = "Write a page about the migration to FILE (HTML), with its timeline drawn, when it is over or has failed.")
  private @Nullable Path report;

  /** Makes it, for picocli. */
  public WatchOptions() {
    // Picocli fills it in.
  }

  /**
   * Begins to watch, before anything is touched.
   *
   * @param spec the command
   * @param output where to warn, and to say where the metrics are
   * @throws IOException if a file cannot be written, or the address of the metrics is not to be had
   * @throws ParameterException if an option makes no sense
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
          "--metrics: no address is known of %s".formatted(metrics.getHostString()));
    }
    if (!metrics.getAddress().isLoopbackAddress() && !metricsAnywhere) {
      throw new ParameterException(spec.commandLine(),
          "--metrics: other machines reach %s, and could read what is told there; give the port alone, or allow it with --metrics-anywhere"
              .formatted(metrics.getHostString()));
    }
  }
}
