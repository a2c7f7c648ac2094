// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappingBudgetTest {

  private static final Path MAX_MAP_COUNT = Path.of("/proc/sys/vm/max_map_count");

  /** A sysctl supports one read: reading byte by byte returns its first digit only. */
  @Test
  void readsWholeSysctl() throws Exception {
    try (Scanner scanner = new Scanner(
        new ProcessBuilder("cat", MAX_MAP_COUNT.toString()).start().getInputStream(),
        StandardCharsets.US_ASCII)) {
      assertThat(MappingBudget.readLimit(MAX_MAP_COUNT)).isEqualTo(scanner.nextInt()).isGreaterThan(1_000);
    }
  }

  @Test
  void assumesDefaultWhenUnknown(@TempDir Path folder) throws Exception {
    assertThat(MappingBudget.readLimit(folder.resolve("none"))).isEqualTo(65_530);
    assertThat(MappingBudget.readLimit(Files.writeString(folder.resolve("nonsense"), "many\n")))
        .isEqualTo(65_530);
    assertThat(MappingBudget.readLimit(Files.writeString(folder.resolve("large"), "9999999999\n")))
        .isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void grantsNoMoreThanBudget() {
    MappingBudget budget = new MappingBudget(2);
    assertThat(budget.tryAcquire()).isTrue();
    assertThat(budget.tryAcquire()).isTrue();
    assertThat(budget.tryAcquire()).isFalse();
    budget.release();
    assertThat(budget.tryAcquire()).isTrue();
  }
}
