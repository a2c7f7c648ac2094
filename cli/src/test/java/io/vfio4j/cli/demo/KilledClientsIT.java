// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.testkit.ProcessUsage;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a process with a client in each device state was killed, the server has released everything. */
class KilledClientsIT {

  @TempDir
  private Path folder;

  @Test
  void releasesDevicesOfKilledClients() throws Exception {
    String socket = folder.resolve("many.sock").toString();
    try (ChildServer server = ChildServer
        .start(List.of("serve", "scratch", "--socket", socket, "--memory", "1m", "--many=8"))) {
      VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT).close();
      awaitDevices(server, 0);
      ProcessUsage before = ProcessUsage.of(server.pid());

      Process victim = victim(socket);
      try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
        assertThat(said.readLine()).isEqualTo("ready");
        assertThat(devices(server)).isEqualTo(7);
        assertThat(mapped(server)).isGreaterThanOrEqualTo(7);
      } finally {
        victim.toHandle().destroyForcibly();
        assertThat(victim.waitFor()).as("SIGKILL").isEqualTo(128 + 9);
      }

      awaitDevices(server, 0);
      ProcessUsage after = ProcessUsage.of(server.pid());
      assertThat(after.fds()).isEqualTo(before.fds());
      assertThat(after.threads()).isEqualTo(before.threads());
      assertThat(mapped(server)).isZero();
      try (VfioUserClient next = VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT)) {
        assertThat(next.features().canMigrate()).isTrue();
      }
    }
  }

  /** Starts a JVM on the class path, since the test classes have no module. */
  private static Process victim(String socket) throws IOException {
    String classes = System.getProperty("jdk.module.path") + File.pathSeparator
        + Path.of(System.getProperty("basedir", "."), "target", "test-classes");
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp", classes,
        KilledClient.class.getName(), socket).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static void awaitDevices(ChildServer server, long count) throws IOException {
    while (devices(server) != count) {
      assertThat(Thread.currentThread().isInterrupted()).as("still %d devices", devices(server)).isFalse();
      Thread.onSpinWait();
    }
  }

  /** Counts threads by name, of which the kernel keeps 15 characters. */
  private static long devices(ChildServer server) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(server.pid()), "task"))) {
      return tasks.filter(task -> name(task).startsWith("vfio-user-devic")).count();
    }
  }

  private static String name(Path task) {
    try {
      return Files.readString(task.resolve("comm"));
    } catch (IOException e) {
      return "a thread that has ended";
    }
  }

  /** Counts the mappings of the clients' memory. */
  private static long mapped(ChildServer server) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(server.pid()), "maps"))) {
      return lines.filter(line -> line.contains(" /memfd:guest")).count();
    }
  }
}
