// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Migrations that fail: what becomes of both devices, and what is said of it. */
final class RecoveryChecks {

  private static final int KIB = 256;
  /** Somewhere in the middle of the pages. */
  private static final String MIDDLE = "100000";

  /** Which of the devices misbehaves. */
  private enum Side {
    SOURCE, TARGET
  }

  /** What a failed migration leaves. */
  private enum ExpectedOutcome {
    /** The source runs as if nothing had been; the target was reset or not touched. */
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
      addFailure("source, " + arc + ", stays", Side.SOURCE, arcFault(arc, "stay"),
          ExpectedOutcome.NOTHING_LOST, "EIO");
      addFailure("source, " + arc + ", taken all the same", Side.SOURCE, arcFault(arc, "late"),
          ExpectedOutcome.NOTHING_LOST, to);
      addFailure("source, " + arc + ", into ERROR", Side.SOURCE, arcFault(arc, "error"),
          ExpectedOutcome.STATE_LOST, "ERROR");
    }
    addFailure("source, RUNNING_P2P>STOP without pre-copy", Side.SOURCE, arcFault("RUNNING_P2P>STOP", "stay"),
        ExpectedOutcome.NOTHING_LOST, "RUNNING_P2P", "--no-pre-copy");
  }

  private static Map<String, String> arcFault(String arc, String outcome) {
    return Map.of("fault_arc", arc, "fault_outcome", outcome);
  }

  private void addSourceData() {
    addFailure("source, the first read", Side.SOURCE, Map.of("fault_read_at", "0"),
        ExpectedOutcome.NOTHING_LOST, "EIO");
    addFailure("source, a read in pre-copy", Side.SOURCE, Map.of("fault_read_at", MIDDLE),
        ExpectedOutcome.NOTHING_LOST,
        "EIO");
    addFailure("source, a read in stop-copy", Side.SOURCE, Map.of("fault_read_at", MIDDLE),
        ExpectedOutcome.NOTHING_LOST,
        "EIO",
        "--no-pre-copy");
    addFailure("source, the stream ends too soon", Side.SOURCE, Map.of("fault_read_end", MIDDLE),
        ExpectedOutcome.NOTHING_LOST,
        "EINVAL", "--no-pre-copy");
    addFailure("source, its pre-copy info", Side.SOURCE, Map.of("fault_info", "5"),
        ExpectedOutcome.NOTHING_LOST, "EIO");
  }

  private void addTarget() {
    addFailure("target, the first write", Side.TARGET, Map.of("fault_write_at", "0"),
        ExpectedOutcome.NOTHING_LOST, "EIO");
    addFailure("target, a write in pre-copy", Side.TARGET, Map.of("fault_write_at", MIDDLE),
        ExpectedOutcome.NOTHING_LOST,
        "EIO");
    addFailure("target, a write in stop-copy", Side.TARGET, Map.of("fault_write_at", MIDDLE),
        ExpectedOutcome.NOTHING_LOST,
        "EIO",
        "--no-pre-copy");
    for (String arc : List.of("RUNNING>RUNNING_P2P", "RUNNING_P2P>STOP", "STOP>RESUMING", "RESUMING>STOP",
        "STOP>RUNNING_P2P", "RUNNING_P2P>RUNNING")) {
      addFailure("target, " + arc + ", stays", Side.TARGET, arcFault(arc, "stay"),
          ExpectedOutcome.NOTHING_LOST, "EIO");
      addFailure("target, " + arc + ", into ERROR", Side.TARGET, arcFault(arc, "error"),
          ExpectedOutcome.NOTHING_LOST, "EIO");
    }
    addFailure("target, it runs and says that it does not", Side.TARGET,
        arcFault("RUNNING_P2P>RUNNING", "late"),
        ExpectedOutcome.NOTHING_LOST, "EIO");
  }

  private void addLimits() {
    checks.add("recovery/a device that changes too fast", this::abortsWhenChangesOutpaceLink);
    checks.add("recovery/too much to send at once", this::abortsWhenDowntimeExceedsLimit);
    checks.add("recovery/a target that cannot even be reset", this::resumesSourceIfTargetCannotReset);
    checks.add("recovery/nobody can tell who runs", this::holdsSourceIfOwnershipUnknown);
  }

  private void addFailure(String name, Side side, Map<String, String> faults, ExpectedOutcome left,
      String says,
      String... more) {
    checks.add("recovery/" + name, () -> checkFailure(side, faults, left, says, more));
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

  private void checkFailure(Side side, Map<String, String> faults, ExpectedOutcome left, String says,
      String... more)
      throws IOException {
    try (TestDevice from = MediatedDevice.testDevice(KIB); TestDevice to = MediatedDevice.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      Map<String, String> all = new HashMap<>(faults);
      all.put("fault_device", side == Side.SOURCE ? from.uuid() : to.uuid());
      try (DriverFaults _ = DriverFaults.set(all)) {
        migrate(from, to, more).requireExitCode(left.code).requireStderr(says);
      }
      Requirements.requireEqual(left.source, from.state(), "the source");
      Requirements.requireEqual(left.contentKept, before.equals(from.checksum()),
          "the source has what it had");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
      Requirements.require(!before.equals(to.checksum()), "the target runs with the state");
      if (left.contentKept) {
        // And it goes on from there.
        migrate(from, to).requireExitCode(0);
        Requirements.requireEqual(before, to.checksum(), "moved when nothing failed any more");
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
      Requirements.require(ticks > 0, "it does not work");
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

  /** It was not told to run, so the source may. */
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

  /** The target was told to run, failed at it, may run all the same, and cannot be reset: the source waits. */
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
      Requirements.requireEqual(before, from.saved(), "what the source holds");
      Requirements.requireEqual(DeviceState.RUNNING, to.state(), "the target");
    }
  }
}
