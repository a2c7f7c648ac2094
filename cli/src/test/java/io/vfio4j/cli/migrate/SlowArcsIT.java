// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Devices that take longer for an arc than anything else may take, and are allowed to. */
class SlowArcsIT {

  /** All other limits are 10 s, and one of them was found out a quarter later. */
  private static final String LONGER_THAN_ALL = "delay=13s";

  private static CommandRun migrate(String fromFault, String toFault) {
    return CommandRun.vfio4j("migrate", "--from", "sim:a?memory=1m" + fromFault, "--to",
        "sim:b?memory=1m" + toFault,
        "--arc-timeout", "60s", "--max-downtime", "5m", "--json");
  }

  /** One at the source and one at the target: two migrations at once, since each takes its time. */
  @Test
  void allowsTransitionsUpToTimeout() {
    CompletableFuture<CommandRun> slowSource = CompletableFuture
        .supplyAsync(() -> migrate("&fault=arc=PRE_COPY_P2P>STOP_COPY," + LONGER_THAN_ALL, ""));
    CommandRun slowTarget = migrate("", "&fault=arc=STOP>RUNNING_P2P," + LONGER_THAN_ALL);
    assertThat(slowTarget.exitCode()).as(slowTarget.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(slowSource.join().exitCode()).as(slowSource.join().err()).isEqualTo(ExitCodes.SUCCESS);
  }
}
