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

/** A proof that cannot fail proves nothing: devices that cheat are found out. */
class CheatingDeviceIT {

  private static final long MEMORY = 8 << 20;

  @TempDir
  private Path folder;

  private DemoResult run(List<String> faults) throws Exception {
    DemoSettings settings = DemoSettings.DEFAULT.withMemory(MEMORY).withTargetFaults(faults);
    return new Demo(settings, MigrationListener.NONE).run(folder);
  }

  @Test
  void anHonestDevicePasses() throws Exception {
    DemoResult result = run(List.of());
    assertThat(result.checks()).extracting(Check::name).containsExactly("traffic", "memory", "registers", "timer");
    assertThat(result.checks()).allMatch(Check::passed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"skip", "repeat", "restart"})
  void trafficThatDoesNotGoOnWhereItWasFails(String cheat) throws Exception {
    DemoResult result = run(List.of("traffic=" + cheat));
    assertThat(result.passed()).isFalse();
    assertThat(result.checks()).filteredOn(check -> !check.passed()).extracting(Check::name)
        .containsExactly("traffic");
  }
}
