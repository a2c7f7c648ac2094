// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Replaces the server of a device that a client is using, twice, as a rolling update does: the next server starts, the
 * device moves there with the client's connection, and the old process ends. Then it checks that the client noticed
 * nothing but a pause.
 */
final class SwapDemo {

  private static final int SWAPS = 2;
  /** How many operations the driver completes between two swaps, and before and after them. */
  private static final int OPERATIONS = 1_000;
  /** Long enough that the device is stopped before the timer fires, so that the armed timer moves. */
  private static final Duration TIMER_PERIOD = Duration.ofMillis(300);

  private final DemoSettings settings;
  private final Path folder;
  private final List<SwapResult.Swap> swaps = new ArrayList<>();

  /**
   * Creates a demonstration.
   *
   * @param folder the folder of the sockets and of the journals
   */
  SwapDemo(DemoSettings settings, Path folder) {
    this.settings = settings;
    this.folder = folder;
  }

  /**
   * Starts the servers, swaps them, runs the checks, and stops the last server.
   *
   * @throws IOException if a swap or something else failed
   */
  SwapResult run() throws IOException, InterruptedException {
    ChildServer server = ChildServer.start(settings.sourceArguments(socket(0), control(0)));
    try (DemoVm vm = new DemoVm(server.socket());
        SwapProof proof = new SwapProof(vm, settings.memory());
        TrafficConsumer traffic = new TrafficConsumer(vm.slots());
        SwapDriver driver = new SwapDriver(vm.source(), proof.echo())) {
      traffic.start();
      vm.source().startTraffic(vm.slots().count(), settings.trafficRate());
      vm.source().startChurn(settings.churnRate());
      driver.start();
      driver.awaitOperations(OPERATIONS);
      for (int number = 1; number <= SWAPS; number++) {
        server = replace(server, number, vm, driver);
        driver.awaitOperations(OPERATIONS);
      }
      long written = driver.stop();
      proof.checkServer(use(control(SWAPS)), swaps);
      long writes = proof.check(traffic, written, SWAPS);
      return new SwapResult(swaps, writes, proof.checks());
    } finally {
      server.close();
    }
  }

  /** Starts the next server, moves the device there, stops the old server, and returns the new one. */
  private ChildServer replace(ChildServer old, int number, DemoVm vm, SwapDriver driver)
      throws IOException, InterruptedException {
    ChildServer next = ChildServer.start(settings.targetArguments(socket(number), control(number)));
    try {
      driver.gap().take();
      JsonObject report = new SwapCall(folder.resolve("state")).run(control(number - 1), control(number),
          () -> vm.source().startTimer(TIMER_PERIOD));
      driver.awaitOperations(1);
      swaps.add(new SwapResult.Swap(old.pid(), next.pid(), driver.gap().take(), report));
      old.stop();
      return next;
    } catch (IOException | InterruptedException | RuntimeException e) {
      next.close();
      throw e;
    }
  }

  private static Optional<ControlInfo.Vmm> use(Path control) throws IOException {
    try (ControlClient client = ControlClient.connect(control, ClientOptions.DEFAULT)) {
      return client.info().vmm();
    }
  }

  private Path socket(int number) {
    return folder.resolve("server%d.sock".formatted(number));
  }

  private Path control(int number) {
    return folder.resolve("server%d.control".formatted(number));
  }
}
