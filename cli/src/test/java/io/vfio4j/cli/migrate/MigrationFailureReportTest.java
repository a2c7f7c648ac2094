// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.model.DeviceState;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MigrationFailureReportTest {

  private static final String HERE = "vfio-user:/here.sock";
  private static final String THERE = "vfio-user:/there.sock";
  private static final PeerDescription TARGET = PeerDescription.devices(List.of(THERE), List.of());

  private static MigrationException failure(Side side, Outcome outcome) {
    return new MigrationException(side, new Phase.Handover(),
        new MigrationException.Outcomes(outcome,
            List.of(new DeviceOutcome(HERE, outcome, Optional.of(DeviceState.STOP_COPY))), "was reset",
            Optional.empty()),
        "handover: it broke.", null);
  }

  @ParameterizedTest
  @CsvSource({"UNTOUCHED, 1", "SOURCE_RUNNING, 1", "SOURCE_RESET, 3", "SOURCE_QUIET, 3",
      "SOURCE_STOPPED, 3", "SOURCE_STUCK, 3", "SOURCE_LOST, 3",
      "UNKNOWN, 3"})
  void mapsOutcomeToExitCode(Outcome outcome, int code) {
    CommandException failed = MigrationFailureReport.of(failure(Side.SOURCE, outcome), List.of(HERE), TARGET);

    assertThat(failed.exitCode()).isEqualTo(code);
    assertThat(failed.details().get("outcome").getAsString()).isEqualTo(outcome.name());
    assertThat(failed.details().get("remedy").isJsonNull()).isEqualTo(code == 1);
    if (code == 3) {
      assertThat(failed).hasMessageContaining(HERE)
          .hasMessageContaining("vfio4j probe " + (outcome == Outcome.UNKNOWN ? THERE : HERE));
    }
  }

  @Test
  void suggestsProbeOfTargetForUnknownOwner() {
    assertThat(MigrationFailureReport.of(failure(Side.SOURCE, Outcome.UNKNOWN), List.of(HERE), TARGET))
        .hasMessageContaining("in STOP_COPY").hasMessageContaining("vfio4j probe " + THERE);
    assertThat(MigrationFailureReport.of(failure(Side.TARGET, Outcome.UNKNOWN), List.of(HERE), TARGET))
        .hasMessageContaining("on this host, vfio4j recover shows the state of " + HERE);
  }

  /** A peer is not a device that can be probed. */
  @Test
  void suggestsRecoverAskForUnknownOwner() {
    PeerDescription peer =
        PeerDescription.peer(TransportAddress.parse("tcp:host-b:4711"), List.of("--keys", "/my keys"),
            List.of());

    assertThat(MigrationFailureReport.of(failure(Side.SOURCE, Outcome.UNKNOWN), List.of(HERE), peer))
        .hasMessageContaining("in STOP_COPY")
        .hasMessageContaining("vfio4j recover --ask tcp:host-b:4711 --keys '/my keys'")
        .message().doesNotContain("probe tcp:");
  }

  /** A simulated device ends with the command. */
  @Test
  void suggestsNoCommandForInProcessDevice() {
    MigrationException failure =
        new MigrationException(Side.SOURCE, new Phase.Handover(),
            new MigrationException.Outcomes(Outcome.SOURCE_LOST,
                List.of(new DeviceOutcome("sim:a", Outcome.SOURCE_LOST, Optional.empty())), "was reset",
                Optional.empty()),
            "it broke.",
            null);

    assertThat(MigrationFailureReport.of(failure, List.of("sim:a"), TARGET)).message()
        .contains("sim:a does not respond")
        .doesNotContain("vfio4j probe sim:");
  }

  @Test
  void reportsFailureOfTarget() {
    MigrationException failure = failure(Side.SOURCE, Outcome.SOURCE_RUNNING);
    failure.addSuppressed(failure(Side.TARGET, Outcome.SOURCE_RUNNING));

    assertThat(MigrationFailureReport.of(failure, List.of(HERE), TARGET))
        .hasMessageContaining("on the target, was reset");
  }
}
