// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Failing migrations: the state of both devices and the messages. */
final class RecoveryChecks {

  private static final int KIB = 256;
  /** An offset in the middle of the pages. */
  private static final String MIDDLE = "100000";

  /** The device with the fault. */
  private enum Side {
    SOURCE, TARGET
  }

  /** The outcome of a failed migration. */
  private enum ExpectedOutcome {
    /** The source runs with its state; the target was reset or not touched. */
    NOTHING_LOST(1, DeviceState.RUNNING, true),
    /** The source had to be reset. */
    STATE_LOST(3, DeviceState.RUNNING, false);

    private final int code;
    private final DeviceState source;
    private final boolean contentKept;

    ExpectedOutcome(int code, DeviceState source, boolean contentKept) {
      this.code = code;
      this.source = source;
      this.contentKept = contentKept;
    }
  }

  /**
   * A migration that fails. By default no state is lost and the message names EIO.
   *
   * @param faults parameters of the test device's module, without the device
   * @param message a part of what the command prints to standard error
   * @param options of the command
   */
  private record FailureCase(String name, Side side, Map<String, String> faults, ExpectedOutcome outcome,
      String message, List<String> options) {

    static FailureCase source(String name, Map<String, String> faults) {
      return new FailureCase("source, " + name, Side.SOURCE, faults, ExpectedOutcome.NOTHING_LOST, "EIO",
          List.of());
    }

    static FailureCase target(String name, Map<String, String> faults) {
      return new FailureCase("target, " + name, Side.TARGET, faults, ExpectedOutcome.NOTHING_LOST, "EIO",
          List.of());
    }

    FailureCase leaves(ExpectedOutcome other) {
      return new FailureCase(name, side, faults, other, message, options);
    }

    FailureCase reports(String other) {
      return new FailureCase(name, side, faults, outcome, other, options);
    }

    FailureCase withOptions(String... others) {
      return new FailureCase(name, side, faults, outcome, message, List.of(others));
    }
  }

  private final CheckList checks;
  private final CheckContext context;

  private RecoveryChecks(CheckList checks, CheckContext context) {
    this.checks = checks;
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    RecoveryChecks recoveries = new RecoveryChecks(checks, context);
    recoveries.addSourceArcs();
    recoveries.addSourceData();
    recoveries.addTarget();
    recoveries.addLimits();
  }

  private void addSourceArcs() {
    for (String arc : List.of("RUNNING>PRE_COPY", "PRE_COPY>PRE_COPY_P2P", "PRE_COPY_P2P>STOP_COPY")) {
      String to = arc.substring(arc.indexOf('>') + 1);
      add(FailureCase.source(arc + ", stays", arcFault(arc, "stay")));
      add(FailureCase.source(arc + ", taken late", arcFault(arc, "late")).reports(to));
      add(FailureCase.source(arc + ", into ERROR", arcFault(arc, "error")).leaves(ExpectedOutcome.STATE_LOST)
          .reports("ERROR"));
    }
    add(FailureCase.source("RUNNING_P2P>STOP without pre-copy", arcFault("RUNNING_P2P>STOP", "stay"))
        .reports("RUNNING_P2P").withOptions("--no-pre-copy"));
  }

  private static Map<String, String> arcFault(String arc, String outcome) {
    return Map.of("fault_arc", arc, "fault_outcome", outcome);
  }

  private void addSourceData() {
    add(FailureCase.source("the first read", Map.of("fault_read_at", "0")));
    add(FailureCase.source("a read in pre-copy", Map.of("fault_read_at", MIDDLE)));
    add(FailureCase.source("a read in stop-copy", Map.of("fault_read_at", MIDDLE))
        .withOptions("--no-pre-copy"));
    add(FailureCase.source("stream ends early", Map.of("fault_read_end", MIDDLE)).reports("EINVAL")
        .withOptions("--no-pre-copy"));
    add(FailureCase.source("its pre-copy info", Map.of("fault_info", "5")));
  }

  private void addTarget() {
    add(FailureCase.target("the first write", Map.of("fault_write_at", "0")));
    add(FailureCase.target("a write in pre-copy", Map.of("fault_write_at", MIDDLE)));
    add(FailureCase.target("a write in stop-copy", Map.of("fault_write_at", MIDDLE))
        .withOptions("--no-pre-copy"));
    for (String arc : List.of("RUNNING>RUNNING_P2P", "RUNNING_P2P>STOP", "STOP>RESUMING", "RESUMING>STOP",
        "STOP>RUNNING_P2P", "RUNNING_P2P>RUNNING")) {
      add(FailureCase.target(arc + ", stays", arcFault(arc, "stay")));
      add(FailureCase.target(arc + ", into ERROR", arcFault(arc, "error")));
    }
    add(FailureCase.target("runs but reports a failure", arcFault("RUNNING_P2P>RUNNING", "late")));
  }

  private void addLimits() {
    checks.add("recovery/changes outpace the link", this::abortsWhenChangesOutpaceLink);
    checks.add("recovery/downtime limit exceeded", this::abortsWhenDowntimeExceedsLimit);
    checks.add("recovery/target reset fails", this::resumesSourceIfTargetCannotReset);
    checks.add("recovery/ownership unknown", this::holdsSourceIfOwnershipUnknown);
  }

  private void add(FailureCase failure) {
    checks.add("recovery/" + failure.name(), () -> checkFailure(failure));
  }

  private InProcessCommand migrate(TestDevice from, TestDevice to, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("migrate", "--from", context.address(from.mdev()), "--to",
            context.address(to.mdev()), "--no-hold"));
    if (!List.of(more).contains("--max-downtime")) {
      arguments.addAll(List.of("--max-downtime", "20s"));
    }
    arguments.addAll(List.of(more));
    return InProcessCommand.run(arguments.toArray(String[]::new));
  }

  private void checkFailure(FailureCase failure) throws IOException {
    ExpectedOutcome outcome = failure.outcome();
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      Map<String, String> all = new HashMap<>(failure.faults());
      all.put("fault_device", failure.side() == Side.SOURCE ? from.uuid() : to.uuid());
      try (DriverFaults _ = DriverFaults.set(all)) {
        migrate(from, to, failure.options().toArray(String[]::new)).requireExitCode(outcome.code)
            .requireStderr(failure.message());
      }
      Requirements.requireEqual(outcome.source, from.state(), "the source");
      Requirements.requireEqual(outcome.contentKept, before.equals(from.checksum()),
          "the state of the source");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
      Requirements.require(!before.equals(to.checksum()), "the target has the state of the source");
      if (outcome.contentKept) {
        // The devices are still usable.
        migrate(from, to).requireExitCode(0);
        Requirements.requireEqual(before, to.checksum(), "migrated after the fault was removed");
      }
    }
  }

  private void abortsWhenChangesOutpaceLink() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      from.setChangeRate(KIB / 4);
      migrate(from, to, "--max-bandwidth", "100k", "--max-downtime", "100ms", "--deadline", "1s")
          .requireExitCode(1)
          .requireStderr("nothing lost");
      Requirements.requireEqual(DeviceState.RUNNING, from.state(), "the source");
      long ticks = from.ticks();
      Requirements.require(ticks > 0, "it does not run");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  private void abortsWhenDowntimeExceedsLimit() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      migrate(from, to, "--no-pre-copy", "--max-bandwidth", "100k", "--max-downtime", "200ms")
          .requireExitCode(1)
          .requireStderr("nothing lost");
      Requirements.requireEqual(DeviceState.RUNNING, from.state(), "the source");
      Requirements.requireEqual(before, from.checksum(), "the content");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  /** The target was not told to run, so the source may resume. */
  private void resumesSourceIfTargetCannotReset() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      try (DriverFaults _ =
          DriverFaults.set(Map.of("fault_device", to.uuid(), "fault_write_at", MIDDLE, "fault_reset", "5",
              "fault_reset_after", "2"))) {
        migrate(from, to).requireExitCode(1).requireStderr("could not be reset");
      }
      Requirements.requireEqual(DeviceState.RUNNING, from.state(), "the source");
      Requirements.requireEqual(before, from.checksum(), "the content");
      Requirements.requireEqual(DeviceState.RESUMING, to.state(), "the target");
    }
  }

  /** The target failed after it was told to run, may be running, and cannot be reset: the source stays stopped. */
  private void holdsSourceIfOwnershipUnknown() throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      Map<String, String> faults = new HashMap<>(arcFault("RUNNING_P2P>RUNNING", "late"));
      faults.putAll(Map.of("fault_device", to.uuid(), "fault_reset", "5", "fault_reset_after", "2"));
      try (DriverFaults _ = DriverFaults.set(faults)) {
        migrate(from, to).requireExitCode(3)
            .requireStderr(context.address(from.mdev()).replaceAll("\\?.*", ""));
      }
      Requirements.require(!from.state().isRunning(), "the source runs, in %s".formatted(from.state()));
      Requirements.requireEqual(before, from.saved(), "the state of the source");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }
}
