// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** Migrates devices that write to each other's memory, each to another process, and checks that nothing was lost. */
final class RingDemo {

  private final int count;
  private final DemoSettings settings;
  private final MigrationListener listener;

  /**
   * Creates the demonstration.
   *
   * @param count the number of devices, at least two
   */
  RingDemo(int count, DemoSettings settings, MigrationListener listener) {
    this.count = count;
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Starts the servers, migrates the devices, runs the checks, and stops the servers.
   *
   * @param folder the folder of the servers' sockets
   * @throws MigrationException if the migration failed
   * @throws IOException if something else failed
   */
  DemoResult run(Path folder) throws IOException, MigrationException, InterruptedException {
    List<List<String>> commands = new ArrayList<>();
    commands.addAll(commands(folder, "source", DemoSettings::sourceArguments));
    commands.addAll(commands(folder, "target", DemoSettings::targetArguments));
    try (DemoServers servers = DemoServers.start(commands);
        DeviceRing ring =
            new DeviceRing(servers.sockets().subList(0, count), servers.sockets().subList(count, 2 * count),
                settings.memory())) {
      ring.startWork(settings.trafficRate());
      return DemoSettings.retry(attempt -> {
        MigrationReport report = ring.migrate(ring.sources(), settings.options(), listener);
        return new DemoResult(report, servers.pids().subList(0, count),
            servers.pids().subList(count, 2 * count), attempt, ring.check());
      });
    }
  }

  private List<List<String>> commands(Path folder, String side,
      BiFunction<DemoSettings, Path, List<String>> arguments) {
    return IntStream.rangeClosed(1, count).mapToObj(number -> {
      List<String> command =
          new ArrayList<>(arguments.apply(settings, folder.resolve(side + number + ".sock")));
      command.addAll(List.of("--mappable", "--second-traffic"));
      return command;
    }).toList();
  }
}
