// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationListener;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The proof detects faulty devices. */
class CheatingDeviceIT {

  private static final long MEMORY = 8 << 20;

  @TempDir
  private Path folder;

  private DemoResult run(List<String> faults) throws Exception {
    DemoSettings settings = DemoSettings.builder().memory(MEMORY).targetFaults(faults).build();
    return new SingleDeviceDemo(settings, MigrationListener.NONE).run(folder);
  }

  @Test
  void passesHonestDevice() throws Exception {
    DemoResult result = run(List.of());
    assertThat(result.devices().getFirst().checks()).extracting(DemoCheck::name).containsExactly("traffic",
        "memory", "registers",
        "timer");
    assertThat(result.devices().getFirst().checks()).allMatch(DemoCheck::passed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"skip", "repeat", "restart"})
  void failsDeviceWithDiscontinuousTraffic(String cheat) throws Exception {
    DemoResult result = run(List.of("traffic=" + cheat));
    assertThat(result.passed()).isFalse();
    assertThat(result.devices().getFirst().checks()).filteredOn(check -> !check.passed())
        .extracting(DemoCheck::name)
        .containsExactly("traffic");
  }
}
