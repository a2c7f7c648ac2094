// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** Moves devices that write to each other's memory, each from one process to another, and proves that nothing was lost. */
final class RingDemo {

  private final int count;
  private final DemoSettings settings;
  private final MigrationListener listener;

  /**
   * Makes one.
   *
   * @param count how many devices, at least two
   */
  RingDemo(int count, DemoSettings settings, MigrationListener listener) {
    this.count = count;
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Runs it, from the start of the servers to their end.
   *
   * @param folder where the servers' sockets go
   * @throws MigrationException if the devices could not be moved
   * @throws IOException if something else failed
   */
  RingResult run(Path folder) throws IOException, MigrationException, InterruptedException {
    List<List<String>> commands = new ArrayList<>();
    commands.addAll(commands(folder, "source", DemoSettings::sourceArguments));
    commands.addAll(commands(folder, "target", DemoSettings::targetArguments));
    try (DemoServers servers = DemoServers.start(commands);
        DeviceRing ring =
            new DeviceRing(servers.sockets().subList(0, count), servers.sockets().subList(count, 2 * count),
                settings.memory())) {
      ring.startWork(settings.trafficRate());
      for (int attempt = 1;; attempt++) {
        try {
          MigrationReport report = ring.migrate(ring.sources(), settings.options(), listener);
          return new RingResult(report, servers.pids().subList(0, count),
              servers.pids().subList(count, 2 * count), attempt, settings.loaded(), ring.check());
        } catch (MigrationException e) {
          // On a busy machine a limit may be missed; the sources run on, so it can be tried again.
          if (e.outcome() != Outcome.SOURCE_RUNNING || attempt == settings.attempts()) {
            throw e;
          }
        }
      }
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
