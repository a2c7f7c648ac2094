// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.Errno;
import io.vfio4j.model.plan.Planner;
import io.vfio4j.model.v1.ActionV1;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What may be written to device_state in each state of version 1, and what comes of it. */
public final class RegionStateChecks {

  private static final List<DeviceStateV1> PLAIN = List.of(DeviceStateV1.RUNNING, DeviceStateV1.STOP,
      DeviceStateV1.STOP_COPY, DeviceStateV1.PRE_COPY, DeviceStateV1.RESUMING);
  private static final int RESERVED = 0x5a5a_a5a0;

  /** What a device that cannot be brought back to RUNNING fails at. */
  public static final String RESET = "v1-states/reset in STOP";

  private RegionStateChecks() {
  }

  /** Adds what has to work for all others: resets in the states that are left without a whole state. */
  static void addResets(CheckPlan plan, boolean ndma) {
    states(ndma).stream().filter(state -> !state.isResuming()).forEach(state -> addReset(plan, state));
  }

  private static void addReset(CheckPlan plan, DeviceStateV1 from) {
    add(plan, "reset in " + from, "A reset in %s makes the field exactly RUNNING.".formatted(from),
        SpecReferences.INITIAL, bench -> reset(bench, from));
  }

  static void addTo(CheckPlan plan, boolean ndma) {
    for (TransitionV1 transition : TransitionV1.all()) {
      addArc(plan, transition.arc(), transition.isMandatory(), ndma);
    }
    if (ndma) {
      FeaturesV1.mandatory(true).arcs().stream().filter(ArcV1::needsNdma)
          .forEach(arc -> addArc(plan, arc, true, true));
    }
    for (DeviceStateV1 from : states(ndma)) {
      add(plan, "invalid values in " + from,
          "In %s a value that no user may write, ERROR above all, is refused with EINVAL, and nothing changes."
              .formatted(from),
          SpecReferences.FIELD, bench -> expectInvalidRefused(bench, from));
    }
    addReset(plan, DeviceStateV1.RESUMING);
    add(plan, "same value", "To write the value that is there changes nothing.", SpecReferences.FIELD,
        bench -> {
          RawMigrationRegion region = RawMigrationRegion.of(bench);
          for (DeviceStateV1 state : PLAIN.subList(0, PLAIN.size() - 1)) {
            bench.resetDevice();
            enter(bench, region, state);
            Expect.succeeds(state + " written in " + state, () -> region.write(state));
            RegionFieldChecks.expectField(region, state, "as before");
          }
        });
    add(plan, "reserved bits",
        "Reserved bits stay as they were written, a refused write changes none of them.",
        SpecReferences.FIELD, RegionStateChecks::expectReservedKept);
    add(plan, "NDMA while stopped",
        "With the capability NDMA its bit may be written to a device that does not run, and means nothing.",
        SpecReferences.FIELD, RegionStateChecks::ndmaWhileStopped);
    add(plan, "loads first", "A write from RESUMING to STOP_COPY has to load first: "
        + ActionV1.of(DeviceStateV1.RESUMING, DeviceStateV1.STOP_COPY).stream().map(ActionV1::toString)
            .collect(Collectors.joining(" > "))
        + ".", SpecReferences.ORDER, RegionStateChecks::expectLoadBeforeCapture);
    add(plan, "ERROR", "In ERROR every write is refused with EINVAL; a reset leads to exactly RUNNING.",
        SpecReferences.RULES, RegionStateChecks::expectErrorIsFinal);
  }

  private static void add(CheckPlan plan, String name, String sentence, String source, CheckBody experiment) {
    plan.add(CheckGroup.V1_STATES, name, sentence, source, experiment);
  }

  private static Set<DeviceStateV1> states(boolean ndma) {
    Set<DeviceStateV1> states = new LinkedHashSet<>(PLAIN);
    if (ndma) {
      states.add(DeviceStateV1.PRE_COPY_NDMA);
    }
    return states;
  }

  static String id(ArcV1 arc) {
    return CheckGroup.V1_STATES.id() + "/" + arc;
  }

  // Getting there. RUNNING has a mandatory way to each of the plain states.

  /** Goes from RUNNING to a state by its mandatory arcs. RESUMING has a whole state written. */
  static void enter(CheckContext bench, RawMigrationRegion region, DeviceStateV1 target)
      throws VerdictException, DeviceException {
    if (target.equals(DeviceStateV1.RUNNING)) {
      return;
    }
    if (target.equals(DeviceStateV1.PRE_COPY_NDMA)) {
      enter(bench, region, DeviceStateV1.PRE_COPY);
      write(region, DeviceStateV1.PRE_COPY, target);
      return;
    }
    if (target.equals(DeviceStateV1.RUNNING_NDMA)) {
      enter(bench, region, DeviceStateV1.RESUMING);
      write(region, DeviceStateV1.RESUMING, target);
      return;
    }
    if (target.equals(DeviceStateV1.RESUMING)) {
      List<byte[]> state = RegionDataChecks.saveSegments(bench, region);
      bench.resetDevice();
      write(region, DeviceStateV1.RUNNING, target);
      Optional<DeviceException> failure = RegionDataChecks.writeAll(region, state);
      if (failure.isPresent()) {
        throw VerdictException.blocked(RegionDataChecks.WHOLE, "a state that can be written",
            String.valueOf(failure.get().getMessage()));
      }
      return;
    }
    write(region, DeviceStateV1.RUNNING, target);
  }

  /** Takes an arc that has to be there, as a condition of the check. */
  static void write(RawMigrationRegion region, DeviceStateV1 from, DeviceStateV1 to)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(to));
    DeviceStateV1 reached = region.state();
    if (failure.isPresent() || !reached.equals(to)) {
      throw VerdictException.blocked(from.isResuming() ? RegionDataChecks.WHOLE : id(new ArcV1(from, to)),
          "%s, to begin with".formatted(to),
          failure.map(Throwable::getMessage).orElse(reached.toString()));
    }
  }

  // Checks.

  private static void addArc(CheckPlan plan, ArcV1 arc, boolean mandatory, boolean ndma) {
    String sentence = mandatory
        ? "A write leads from %s to %s; every device has this transition.".formatted(arc.from(), arc.to())
        : "A write leads from %s to %s, or is refused with EINVAL and changes nothing; a device may lack this transition."
            .formatted(arc.from(), arc.to());
    add(plan, arc.toString(), sentence, SpecReferences.TRANSITIONS,
        bench -> checkArc(bench, arc, mandatory, ndma));
  }

  private static void checkArc(CheckContext bench, ArcV1 arc, boolean mandatory, boolean ndma)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    enter(bench, region, arc.from());
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(arc.to()));
    if (failure.isEmpty()) {
      RegionFieldChecks.expectField(region, arc.to(), "once it was written");
      return;
    }
    String refusal = String.valueOf(failure.get().getMessage());
    if (mandatory) {
      throw arc.from().isResuming()
          ? VerdictException.blocked(RegionDataChecks.WHOLE, arc.to().toString(), refusal)
          : VerdictException.failed(arc.to().toString(), refusal);
    }
    RegionFieldChecks.expectField(region, arc.from(), "as before the write that was refused");
    if (!failure.get().errno().equals(Errno.EINVAL)) {
      throw VerdictException.failed("EINVAL, if the device lacks the transition",
          failure.get().errno().toString());
    }
    throw VerdictException.notApplicable("the device lacks this transition, as it may; "
        + detour(arc, ndma).map("a way around: %s"::formatted).orElse("there is no other way"));
  }

  private static Optional<String> detour(ArcV1 arc, boolean ndma) {
    Set<ArcV1> others = new LinkedHashSet<>(FeaturesV1.all(ndma).arcs());
    others.remove(arc);
    return Planner.of(new FeaturesV1(ndma, others)).plan(arc.from(), arc.to()).best(true)
        .map(way -> way.path().stream().map(DeviceStateV1::toString).collect(Collectors.joining(" > ")));
  }

  private static void expectInvalidRefused(CheckContext bench, DeviceStateV1 from)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    enter(bench, region, from);
    for (int value = 0; value <= DeviceStateV1.KNOWN_BITS; value++) {
      DeviceStateV1 written = new DeviceStateV1(value);
      if (!written.isWritable(region.hasNdma())) {
        String words = "%s (%d), written in %s,".formatted(written, value, from);
        Expect.refused(words, () -> region.write(written), Errno.EINVAL);
        RegionFieldChecks.expectField(region, from, "after a refused write of " + written);
      }
    }
  }

  private static void reset(CheckContext bench, DeviceStateV1 from) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    enter(bench, region, from);
    Expect.succeeds("a reset that works", () -> {
      if (bench.probe() instanceof DeviceProbe.ResetProbe resetting) {
        resetting.resetOnly();
      } else {
        bench.device().reset();
      }
    });
    RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "after a reset");
  }

  private static void expectReservedKept(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    List<DeviceStateV1> way = List.of(DeviceStateV1.RUNNING, DeviceStateV1.PRE_COPY, DeviceStateV1.STOP_COPY);
    int reserved = RESERVED;
    for (DeviceStateV1 state : way) {
      DeviceStateV1 written = new DeviceStateV1(reserved | state.value());
      Expect.succeeds("%s with reserved bits 0x%x".formatted(state, reserved), () -> region.write(written));
      RegionFieldChecks.expectField(region, written, "as it was written");
      Expect.refused("RESUMING|RUNNING", () -> region.write(new DeviceStateV1(DeviceStateV1.RESUMING_BIT
          | DeviceStateV1.RUNNING_BIT)), Errno.EINVAL);
      RegionFieldChecks.expectField(region, written, "as before the refused write");
      reserved = ~reserved & ~DeviceStateV1.KNOWN_BITS;
    }
  }

  private static void ndmaWhileStopped(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    if (!region.hasNdma()) {
      throw VerdictException.notApplicable("the region has no capability NDMA");
    }
    for (DeviceStateV1 state : List.of(DeviceStateV1.STOP, DeviceStateV1.STOP_COPY)) {
      bench.resetDevice();
      enter(bench, region, state);
      DeviceStateV1 with = new DeviceStateV1(state.value() | DeviceStateV1.NDMA_BIT);
      Expect.succeeds(with.toString(), () -> region.write(with));
      RegionFieldChecks.expectField(region, with, "as it was written");
    }
    write(region, DeviceStateV1.STOP_COPY, DeviceStateV1.RUNNING);
  }

  /** Taken literally the order of actions would have it capture the state that it is about to replace. */
  private static void expectLoadBeforeCapture(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    List<byte[]> in = RegionDataChecks.saveSegments(bench, region);
    bench.resetDevice();
    write(region, DeviceStateV1.RUNNING, DeviceStateV1.RESUMING);
    if (RegionDataChecks.writeAll(region, in).isPresent()) {
      throw VerdictException.notApplicable("the device does not take its own state");
    }
    if (Expect.failureOf(() -> region.write(DeviceStateV1.STOP_COPY)).isPresent()) {
      throw VerdictException
          .notApplicable("the device lacks RESUMING > STOP_COPY, as it may; by STOP it loads first");
    }
    byte[] came = RegionDataChecks.concat(RegionDataChecks.readAll(bench, region));
    byte[] went = RegionDataChecks.concat(in);
    int at = Arrays.mismatch(went, came);
    if (at < 0) {
      return;
    }
    String observed =
        "%d bytes went in, %d came out, the first that differs is byte %d".formatted(went.length,
            came.length, at);
    if (bench.profile().guarantees().contains(DeviceProfile.Guarantee.ROUND_TRIP)) {
      throw VerdictException.failed("the state that was written comes out, as it was loaded first", observed);
    }
    bench.reportDeviation(observed + "; whether the device loaded first cannot be told");
  }

  private static void expectErrorIsFinal(CheckContext bench) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(bench);
    bench.provokeError();
    RegionFieldChecks.expectField(region, DeviceStateV1.ERROR, "in ERROR");
    List<DeviceStateV1> all = new ArrayList<>(PLAIN);
    all.add(DeviceStateV1.ERROR);
    for (DeviceStateV1 state : all) {
      expectRefused(region, state);
    }
    ResetChecks.resetAndExpectRunning(bench);
    RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "after a reset");
  }

  private static void expectRefused(RawMigrationRegion region, DeviceStateV1 state)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(state));
    // Who has driven the device by version 2 has it until the reset.
    if (failure.isEmpty() || !List.of(Errno.EINVAL, Errno.EBUSY).contains(failure.get().errno())) {
      throw VerdictException.failed(state + ", written in ERROR, is refused with EINVAL",
          failure.map(e -> e.errno().toString()).orElse("it is accepted"));
    }
    RegionFieldChecks.expectField(region, DeviceStateV1.ERROR, "as before");
  }
}
