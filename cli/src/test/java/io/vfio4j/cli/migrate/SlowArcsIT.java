// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Devices that need longer for an arc than all other timeouts, within {@code --arc-timeout}. */
class SlowArcsIT {

  /** Longer than all other timeouts (10 s) with a margin of a quarter. */
  private static final String LONGER_THAN_ALL = "delay=13s";

  private static CommandRun migrate(String fromFault, String toFault) {
    return CommandRun.vfio4j("migrate", "--from", "sim:a?memory=1m" + fromFault, "--to",
        "sim:b?memory=1m" + toFault,
        "--arc-timeout", "60s", "--max-downtime", "5m", "--json");
  }

  /** One slow device at the source and one at the target, in two migrations in parallel. */
  @Test
  void allowsTransitionsUpToTimeout() {
    CompletableFuture<CommandRun> slowSource = CompletableFuture
        .supplyAsync(() -> migrate("&fault=arc=PRE_COPY_P2P>STOP_COPY," + LONGER_THAN_ALL, ""));
    CommandRun slowTarget = migrate("", "&fault=arc=STOP>RUNNING_P2P," + LONGER_THAN_ALL);
    assertThat(slowTarget.exitCode()).as(slowTarget.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(slowSource.join().exitCode()).as(slowSource.join().err()).isEqualTo(ExitCodes.SUCCESS);
  }
}
