// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device whose server is replaced twice under a client that uses it. */
@Tag("long")
class SwapDemoIT {

  private static final long MEMORY = 8 << 20;

  @TempDir
  private Path folder;

  @Test
  void losesNothingInTwoSwaps() throws Exception {
    DemoSettings settings = DemoSettings.builder().memory(MEMORY).build();

    SwapResult result = new SwapDemo(settings, folder).run();

    assertThat(result.checks()).extracting(DemoCheck::name).containsExactly("server", "traffic", "memory",
        "registers", "interrupts");
    assertThat(result.checks()).allMatch(DemoCheck::passed);
    assertThat(result.swaps()).hasSize(2);
    assertThat(result.swaps().get(1).fromPid()).isEqualTo(result.swaps().get(0).toPid())
        .isNotEqualTo(result.swaps().get(0).fromPid());
    assertThat(result.swaps()).allMatch(swap -> swap.pause().isPositive());
    SwapReport report = new SwapReport(settings, result);
    assertThat(report.lines()).contains("Nothing was lost.");
    JsonObject json = report.json();
    assertThat(json.get("passed").getAsBoolean()).isTrue();
    assertThat(json.getAsJsonArray("swaps")).hasSize(2);
  }
}
