// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve --device CLASS} with classes compiled by the test. */
class ServeDeviceClassIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(100);

  /** A device with a constructor and no provider. */
  private static final String PLAIN = """
      package example;
      import io.vfio4j.devices.*;
      public final class Plain extends PciDevice {
        public Plain(DeviceSetup setup) {
          super("plain", PciIds.of(0x1234, 0x5678), setup);
          bar(0, BarKind.MEMORY_32, 4096).registers().register32("ID", 0).constant(0xcafe);
        }
      }
      """;

  /** A provider with an option. */
  private static final String PROVIDER = """
      package example;
      import io.vfio4j.devices.*;
      import io.vfio4j.vfiouser.device.EmulatedDevice;
      import java.util.*;
      public final class Provider implements DeviceProvider {
        private static final DeviceOption<Long> ID = DeviceOption.size("id", "Value of ID.");
        private static final class Device extends PciDevice {
          Device(DeviceSetup setup, long id) {
            super("plain", PciIds.of(0x1234, 0x5678), setup);
            bar(0, BarKind.MEMORY_32, 4096).registers().register32("ID", 0).constant(id);
          }
        }
        @Override public String name() { return "plain"; }
        @Override public String summary() { return "Serve a device with an ID."; }
        @Override public List<DeviceOption<?>> options() { return List.of(ID); }
        @Override public EmulatedDevice create(DeviceSetup setup, DeviceOptions options) {
          return new Device(setup, options.get(ID).orElseThrow(() -> new IllegalArgumentException("id is missing")));
        }
      }
      """;

  @TempDir
  private Path folder;

  /** Compiles a class against the modules of vfio4j, and returns the folder of class files. */
  private Path compile(String name, String source) throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve(name + ".java"), source);
    Path classes = folder.resolve("classes");
    String javac = Path.of(System.getProperty("java.home"), "bin", "javac").toString();
    try (ChildProcess compiler = ChildProcess.start(List.of("javac"),
        List.of(javac, "-d", classes.toString(), "-p", System.getProperty("jdk.module.path"), "--add-modules",
            "io.vfio4j.devices", file.toString()),
        line -> {
        })) {
      assertThat(compiler.await(TIMEOUT)).as("%s", compiler.stderrLines()).isEqualTo(ExitCodes.SUCCESS);
    }
    return classes;
  }

  private ChildServer serve(Path classes, String device, String... options)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("serve", "--device", device, "--device-path",
        classes.toString(), "--socket", folder.resolve("s.sock").toString()));
    arguments.addAll(List.of(options));
    return ChildServer.start(arguments);
  }

  private static String exampleOfDocs() throws IOException {
    String page = Files.readString(Path.of("..", "docs/architecture.md"));
    int begin = page.indexOf("```java\n", page.indexOf("### How to add a device")) + "```java\n".length();
    return page.substring(begin, page.indexOf("```\n", begin));
  }

  @Test
  void servesClassWithConstructor() throws Exception {
    try (ChildServer server = serve(compile("Plain", PLAIN), "example.Plain");
        VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
      assertThat(client.readInt(0, 0)).isEqualTo(0xcafe);
      assertThat(server.stderrLines()).isEmpty();
    }
  }

  @Test
  void servesProviderWithItsOptions() throws Exception {
    try (ChildServer server = serve(compile("Provider", PROVIDER), "example.Provider", "-o", "id=4k");
        VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
      assertThat(client.readInt(0, 0)).isEqualTo(4096);
    }
  }

  @Test
  void servesExampleOfArchitecturePage() throws Exception {
    try (
        ChildServer server =
            serve(compile("TallyDevice", exampleOfDocs()), "io.vfio4j.devices.tally.TallyDevice");
        VfioUserClient client = ServedTestDevice.inChildServer(server).connect()) {
      client.writeInt(0, 4, 40);
      client.writeInt(0, 4, 2);
      assertThat(client.readInt(0, 0)).isEqualTo(42);
    }
  }
}
