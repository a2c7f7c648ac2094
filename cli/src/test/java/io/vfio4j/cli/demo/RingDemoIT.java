// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two devices that write to each other migrate from two processes to two others. */
class RingDemoIT {

  private static final long MEMORY = 4 << 20;

  @TempDir
  private Path folder;

  @Test
  void losesNothingOfAnyStream() throws Exception {
    DemoSettings settings = DemoSettings.builder().memory(MEMORY)
        .options(MigrationOptions.defaults().withMaxDowntime(Duration.ofSeconds(10))
            .withMaxQuiesce(Duration.ofSeconds(10)))
        .build();

    DemoResult result = new RingDemo(2, settings, MigrationListener.NONE).run(folder);

    assertThat(result.devices()).flatExtracting(DeviceResult::checks).extracting(DemoCheck::name)
        .containsExactly("traffic", "to device 2", "memory", "registers", "timer", "traffic", "to device 1",
            "memory", "registers", "timer");
    assertThat(result.passed()).isTrue();
    assertThat(Stream.concat(result.sourcePids().stream(), result.targetPids().stream()))
        .doesNotHaveDuplicates().hasSize(4);
    assertThat(result.report().devices()).hasSize(2);
    RingReport report = new RingReport(settings, result);
    assertThat(report.lines()).contains("Nothing was lost.")
        .anyMatch(line -> line.contains("stop of the devices"));
    JsonObject json = report.json();
    assertThat(json.get("passed").getAsBoolean()).isTrue();
    assertThat(json.getAsJsonArray("devices")).hasSize(2)
        .allMatch(device -> device.getAsJsonObject().get("peer_writes").getAsLong() > 0);
  }
}
