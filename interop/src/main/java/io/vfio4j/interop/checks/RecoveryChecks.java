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
  private enum Left {
    /** The source runs as if nothing had been; the target was reset or not touched. */
    NOTHING_LOST(1, DeviceState.RUNNING, true),
    /** The source had to be reset. */
    STATE_LOST(3, DeviceState.RUNNING, false);

    private final int code;
    private final DeviceState source;
    private final boolean contentKept;

    Left(int code, DeviceState source, boolean contentKept) {
      this.code = code;
      this.source = source;
      this.contentKept = contentKept;
    }
  }

  private final Checks checks;
  private final Bench bench;

  private RecoveryChecks(Checks checks, Bench bench) {
    this.checks = checks;
    this.bench = bench;
  }

  static void add(Checks checks, Bench bench) {
    RecoveryChecks recoveries = new RecoveryChecks(checks, bench);
    recoveries.arcsOfTheSource();
    recoveries.dataOfTheSource();
    recoveries.theTarget();
    recoveries.limits();
  }

  private void arcsOfTheSource() {
    for (String arc : List.of("RUNNING>PRE_COPY", "PRE_COPY>PRE_COPY_P2P", "PRE_COPY_P2P>STOP_COPY")) {
      String to = arc.substring(arc.indexOf('>') + 1);
      fails("source, " + arc + ", stays", Side.SOURCE, arc(arc, "stay"), Left.NOTHING_LOST, "EIO");
      fails("source, " + arc + ", taken all the same", Side.SOURCE, arc(arc, "late"), Left.NOTHING_LOST, to);
      fails("source, " + arc + ", into ERROR", Side.SOURCE, arc(arc, "error"), Left.STATE_LOST, "ERROR");
    }
    fails("source, RUNNING_P2P>STOP without pre-copy", Side.SOURCE, arc("RUNNING_P2P>STOP", "stay"),
        Left.NOTHING_LOST, "RUNNING_P2P", "--no-pre-copy");
  }

  private static Map<String, String> arc(String arc, String outcome) {
    return Map.of("fault_arc", arc, "fault_outcome", outcome);
  }

  private void dataOfTheSource() {
    fails("source, the first read", Side.SOURCE, Map.of("fault_read_at", "0"), Left.NOTHING_LOST, "EIO");
    fails("source, a read in pre-copy", Side.SOURCE, Map.of("fault_read_at", MIDDLE), Left.NOTHING_LOST,
        "EIO");
    fails("source, a read in stop-copy", Side.SOURCE, Map.of("fault_read_at", MIDDLE), Left.NOTHING_LOST,
        "EIO",
        "--no-pre-copy");
    fails("source, the stream ends too soon", Side.SOURCE, Map.of("fault_read_end", MIDDLE),
        Left.NOTHING_LOST,
        "EINVAL", "--no-pre-copy");
    fails("source, its pre-copy info", Side.SOURCE, Map.of("fault_info", "5"), Left.NOTHING_LOST, "EIO");
  }

  private void theTarget() {
    fails("target, the first write", Side.TARGET, Map.of("fault_write_at", "0"), Left.NOTHING_LOST, "EIO");
    fails("target, a write in pre-copy", Side.TARGET, Map.of("fault_write_at", MIDDLE), Left.NOTHING_LOST,
        "EIO");
    fails("target, a write in stop-copy", Side.TARGET, Map.of("fault_write_at", MIDDLE), Left.NOTHING_LOST,
        "EIO",
        "--no-pre-copy");
    for (String arc : List.of("RUNNING>RUNNING_P2P", "RUNNING_P2P>STOP", "STOP>RESUMING", "RESUMING>STOP",
        "STOP>RUNNING_P2P", "RUNNING_P2P>RUNNING")) {
      fails("target, " + arc + ", stays", Side.TARGET, arc(arc, "stay"), Left.NOTHING_LOST, "EIO");
      fails("target, " + arc + ", into ERROR", Side.TARGET, arc(arc, "error"), Left.NOTHING_LOST, "EIO");
    }
    fails("target, it runs and says that it does not", Side.TARGET, arc("RUNNING_P2P>RUNNING", "late"),
        Left.NOTHING_LOST, "EIO");
  }

  private void limits() {
    checks.add("recovery/a device that changes too fast", this::tooFast);
    checks.add("recovery/too much to send at once", this::overBudget);
    checks.add("recovery/a target that cannot even be reset", this::noReset);
    checks.add("recovery/nobody can tell who runs", this::unknown);
  }

  private void fails(String name, Side side, Map<String, String> faults, Left left, String says,
      String... more) {
    checks.add("recovery/" + name, () -> fail(side, faults, left, says, more));
  }

  private Command migrate(TestDevice from, TestDevice to, String... more) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", bench.address(from.mdev()), "--to",
        bench.address(to.mdev()), "--no-hold"));
    if (!List.of(more).contains("--max-downtime")) {
      arguments.addAll(List.of("--max-downtime", "20s"));
    }
    arguments.addAll(List.of(more));
    return Command.run(arguments.toArray(String[]::new));
  }

  private void fail(Side side, Map<String, String> faults, Left left, String says, String... more)
      throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      Map<String, String> all = new HashMap<>(faults);
      all.put("fault_device", side == Side.SOURCE ? from.uuid() : to.uuid());
      try (Faults _ = Faults.set(all)) {
        migrate(from, to, more).demand(left.code).says(says);
      }
      Require.equal(left.source, from.state(), "the source");
      Require.equal(left.contentKept, before.equals(from.checksum()), "the source has what it had");
      Require.equal(DeviceState.RUNNING, to.state(), "the target");
      Require.that(!before.equals(to.checksum()), "the target runs with the state");
      if (left.contentKept) {
        // And it goes on from there.
        migrate(from, to).demand(0);
        Require.equal(before, to.checksum(), "moved when nothing failed any more");
      }
    }
  }

  private void tooFast() throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB)) {
      from.fill(7);
      from.work(KIB / 4);
      migrate(from, to, "--max-bandwidth", "100k", "--max-downtime", "100ms", "--deadline", "1s").demand(1)
          .says("nothing lost");
      Require.equal(DeviceState.RUNNING, from.state(), "the source");
      long ticks = from.ticks();
      Require.that(ticks > 0, "it does not work");
      Require.equal(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  private void overBudget() throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      migrate(from, to, "--no-pre-copy", "--max-bandwidth", "100k", "--max-downtime", "200ms").demand(1)
          .says("nothing lost");
      Require.equal(DeviceState.RUNNING, from.state(), "the source");
      Require.equal(before, from.checksum(), "the content");
      Require.equal(DeviceState.RUNNING, to.state(), "the target");
    }
  }

  /** It was not told to run, so the source may. */
  private void noReset() throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      try (Faults _ =
          Faults.set(Map.of("fault_device", to.uuid(), "fault_write_at", MIDDLE, "fault_reset", "5",
              "fault_reset_after", "2"))) {
        migrate(from, to).demand(1).says("could not be reset");
      }
      Require.equal(DeviceState.RUNNING, from.state(), "the source");
      Require.equal(before, from.checksum(), "the content");
      Require.equal(DeviceState.RESUMING, to.state(), "the target");
    }
  }

  /** The target was told to run, failed at it, may run all the same, and cannot be reset: the source waits. */
  private void unknown() throws IOException {
    try (TestDevice from = Mdev.testDevice(KIB); TestDevice to = Mdev.testDevice(KIB)) {
      from.fill(7);
      String before = from.checksum();
      Map<String, String> faults = new HashMap<>(arc("RUNNING_P2P>RUNNING", "late"));
      faults.putAll(Map.of("fault_device", to.uuid(), "fault_reset", "5", "fault_reset_after", "2"));
      try (Faults _ = Faults.set(faults)) {
        migrate(from, to).demand(3).says(bench.address(from.mdev()).replaceAll("\\?.*", ""));
      }
      Require.that(!from.state().isRunning(), "the source runs, in %s".formatted(from.state()));
      Require.equal(before, from.saved(), "what the source holds");
      Require.equal(DeviceState.RUNNING, to.state(), "the target");
    }
  }
}
