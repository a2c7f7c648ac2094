// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Devices that take longer for an arc than anything else may take, and are allowed to. */
class SlowArcsIT {

  /** All other limits are 10 s, and one of them was found out a quarter later. */
  private static final String LONGER_THAN_ALL = "delay=13s";

  @Test
  void anArcMayTakeAsLongAsTheOptionSays() {
    Run run = Run.vfio4j("migrate", "--from",
        "sim:a?memory=1m&fault=arc=PRE_COPY_P2P>STOP_COPY," + LONGER_THAN_ALL, "--to",
        "sim:b?memory=1m&fault=arc=STOP>RUNNING_P2P," + LONGER_THAN_ALL, "--arc-timeout", "60s",
        "--max-downtime", "5m", "--json");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.DONE);
  }
}
