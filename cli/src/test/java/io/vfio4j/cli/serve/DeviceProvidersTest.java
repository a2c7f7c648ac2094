// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.devices.DeviceOption;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every device that {@code serve NAME} finds. */
class DeviceProvidersTest {

  @TempDir
  private Path folder;

  static Collection<DeviceProvider> providers() {
    return ServeCommand.providers().values();
  }

  private ServedTestDevice serve(DeviceProvider provider, String name) throws IOException {
    Path socket = folder.resolve(name);
    return ServedTestDevice.start(socket,
        provider.create(DeviceSetup.named(socket.toString()), DeviceOptions.NONE));
  }

  @Test
  void findsDevicesOfTheModules() {
    assertThat(ServeCommand.providers().keySet()).contains("scratch", "idio-16");
    assertThat(CommandRun.vfio4j("serve", "--help").out()).containsPattern("(?m)^  scratch +Serve ")
        .containsPattern("(?m)^  idio-16 +Serve ").contains("--device=CLASS");
  }

  @ParameterizedTest
  @MethodSource("providers")
  void describesDeviceInHelp(DeviceProvider provider) {
    CommandRun run = CommandRun.vfio4j("serve", provider.name(), "--help");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).startsWith("Usage: vfio4j serve " + provider.name())
        .contains("vfio4j serve " + provider.name() + " --socket");
    for (DeviceOption<?> option : provider.options()) {
      assertThat(run.out()).contains(" --" + option.name());
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void migratesDevice(DeviceProvider provider) throws IOException {
    try (ServedTestDevice source = serve(provider, "a"); ServedTestDevice target = serve(provider, "b")) {
      CommandRun run = CommandRun.vfio4j("migrate", "--from", source.address(), "--to", target.address(),
          "--max-downtime", "30s");

      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    }
  }

  @Test
  void parsesOptionsOfDevice() {
    DeviceOption<Long> size = DeviceOption.size("size", "Size (default: 1k).");
    DeviceOption<Boolean> fast = DeviceOption.flag("fast", "Be fast.");
    DeviceOption<Integer> lane = DeviceOption.of("lane", "N", "Lane.", Integer::valueOf).repeatable();

    DeviceOptions options = DeviceOptions.builder(List.of(size, fast, lane)).set("size", "4k").set("fast", "")
        .set("lane", "2").set("lane", "1").build();

    assertThat(options.get(size)).contains(4096L);
    assertThat(options.isSet(fast)).isTrue();
    assertThat(options.all(lane)).containsExactly(2, 1);
    assertThat(DeviceOptions.NONE.get(size)).isEmpty();
  }
}
