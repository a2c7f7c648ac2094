// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.MigrationListener;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A device with traffic and churn migrates between processes by version 1 of the migration interface, and between
 * versions, without losing a byte, a write or an interrupt.
 */
class Version1IT {

  private static final long MEMORY = 8 << 20;

  @TempDir
  private Path folder;

  @ParameterizedTest
  @CsvSource({"V1, V1", "V1, V2", "V2, V1"})
  void losesNothingWithVersion1(MigrationVersions source, MigrationVersions target) throws Exception {
    DemoSettings settings = DemoSettings.builder().memory(MEMORY).versions(source, target).build();

    DemoResult result = new SingleDeviceDemo(settings, MigrationListener.NONE).run(folder);

    assertThat(result.devices().getFirst().checks()).extracting(DemoCheck::name).containsExactly("traffic",
        "memory", "registers",
        "timer");
    assertThat(result.devices().getFirst().checks()).allMatch(DemoCheck::passed);
    assertThat(result.report().rounds()).isNotEmpty();
  }
}
