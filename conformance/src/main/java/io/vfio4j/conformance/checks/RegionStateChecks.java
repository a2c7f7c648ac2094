// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SessionIo;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.setup.DeviceProfile;
import io.vfio4j.model.DeviceException;

import io.vfio4j.model.Errno;
import io.vfio4j.model.plan.Planner;
import io.vfio4j.model.v1.ActionV1;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.TransitionV1;
import java.util.ArrayList;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What may be written to device_state in each state of version 1, and what comes of it. */
final class RegionStateChecks {

  private static final List<DeviceStateV1> PLAIN = List.of(DeviceStateV1.RUNNING, DeviceStateV1.STOP,
      DeviceStateV1.STOP_COPY, DeviceStateV1.PRE_COPY, DeviceStateV1.RESUMING);
  private static final int RESERVED = 0x5a5a_a5a0;

  private RegionStateChecks() {
  }

  /**
   * Adds the checks of resets, on which all others depend, for the states that can be left without a complete
   * state.
   */
  static void addResets(CheckPlan plan, boolean ndma) {
    states(ndma).stream().filter(state -> !state.isResuming()).forEach(state -> addReset(plan, state));
  }

  private static void addReset(CheckPlan plan, DeviceStateV1 from) {
    add(plan, "reset in " + from, "A reset in %s makes the field exactly RUNNING.".formatted(from),
        SpecReferences.INITIAL, context -> reset(context, from));
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
          "In %s a value that a user may not write, in particular ERROR, is refused with EINVAL and changes nothing."
              .formatted(from),
          SpecReferences.FIELD, context -> expectInvalidRefused(context, from));
    }
    addReset(plan, DeviceStateV1.RESUMING);
    add(plan, "same value", "Writing the current value changes nothing.", SpecReferences.FIELD,
        context -> {
          RawMigrationRegion region = RawMigrationRegion.of(context);
          for (DeviceStateV1 state : PLAIN.subList(0, PLAIN.size() - 1)) {
            context.resetDevice();
            enter(context, region, state);
            Expect.succeeds(state + " written in " + state, () -> region.write(state));
            RegionFieldChecks.expectField(region, state, "as before");
          }
        });
    add(plan, "reserved bits",
        "Reserved bits keep the values written; a refused write does not change them.",
        SpecReferences.FIELD, RegionStateChecks::expectReservedKept);
    add(plan, "NDMA while stopped",
        "With the capability NDMA, its bit may be written to a stopped device and has no effect.",
        SpecReferences.FIELD, RegionStateChecks::ndmaWhileStopped);
    add(plan, "loads first", "A write from RESUMING to STOP_COPY must load first: "
        + ActionV1.of(DeviceStateV1.RESUMING, DeviceStateV1.STOP_COPY).stream().map(ActionV1::toString)
            .collect(Collectors.joining(" > "))
        + ".", SpecReferences.ORDER, RegionStateChecks::expectLoadBeforeCapture);
    add(plan, "ERROR",
        "In ERROR every write is refused with EINVAL; a reset sets the field to exactly RUNNING.",
        SpecReferences.RULES, RegionStateChecks::expectErrorIsFinal);
  }

  private static void add(CheckPlan plan, String name, String requirement, String reference, CheckBody body) {
    plan.add(CheckGroup.V1_STATES, name, requirement, reference, body);
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

  // Preconditions. RUNNING has a mandatory arc or route to each of the plain states.

  /** Enters a state from RUNNING by mandatory arcs. In RESUMING, a complete state is written. */
  static void enter(CheckContext context, RawMigrationRegion region, DeviceStateV1 target)
      throws VerdictException, DeviceException {
    if (target.equals(DeviceStateV1.RUNNING)) {
      return;
    }
    if (target.equals(DeviceStateV1.PRE_COPY_NDMA)) {
      enter(context, region, DeviceStateV1.PRE_COPY);
      write(region, DeviceStateV1.PRE_COPY, target);
      return;
    }
    if (target.equals(DeviceStateV1.RUNNING_NDMA)) {
      enter(context, region, DeviceStateV1.RESUMING);
      write(region, DeviceStateV1.RESUMING, target);
      return;
    }
    if (target.equals(DeviceStateV1.RESUMING)) {
      List<byte[]> state = RegionDataChecks.saveSegments(context, region);
      context.resetDevice();
      write(region, DeviceStateV1.RUNNING, target);
      Optional<DeviceException> failure = RegionDataChecks.writeAll(region, state);
      if (failure.isPresent()) {
        throw VerdictException.blocked(CheckIds.V1_DATA_WHOLE, "a state that can be written",
            String.valueOf(failure.get().getMessage()));
      }
      return;
    }
    write(region, DeviceStateV1.RUNNING, target);
  }

  /** Takes a mandatory arc, as a precondition of the check. */
  static void write(RawMigrationRegion region, DeviceStateV1 from, DeviceStateV1 to)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(to));
    DeviceStateV1 reached = region.state();
    if (failure.isPresent() || !reached.equals(to)) {
      throw VerdictException.blocked(from.isResuming() ? CheckIds.V1_DATA_WHOLE : id(new ArcV1(from, to)),
          "%s, as a precondition".formatted(to),
          failure.map(Throwable::getMessage).orElse(reached.toString()));
    }
  }

  // Checks.

  private static void addArc(CheckPlan plan, ArcV1 arc, boolean mandatory, boolean ndma) {
    String requirement = mandatory
        ? "A write takes the device from %s to %s; this transition is mandatory.".formatted(arc.from(),
            arc.to())
        : "A write takes the device from %s to %s, or is refused with EINVAL and changes nothing; this transition is optional."
            .formatted(arc.from(), arc.to());
    add(plan, arc.toString(), requirement, SpecReferences.TRANSITIONS,
        context -> checkArc(context, arc, mandatory, ndma));
  }

  private static void checkArc(CheckContext context, ArcV1 arc, boolean mandatory, boolean ndma)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    enter(context, region, arc.from());
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(arc.to()));
    if (failure.isEmpty()) {
      RegionFieldChecks.expectField(region, arc.to(), "after it was written");
      return;
    }
    String refusal = String.valueOf(failure.get().getMessage());
    if (mandatory) {
      throw arc.from().isResuming()
          ? VerdictException.blocked(CheckIds.V1_DATA_WHOLE, arc.to().toString(), refusal)
          : VerdictException.failed(arc.to().toString(), refusal);
    }
    RegionFieldChecks.expectField(region, arc.from(), "as before the refused write");
    if (!failure.get().errno().equals(Errno.EINVAL)) {
      throw VerdictException.failed("EINVAL, if the device lacks the transition",
          failure.get().errno().toString());
    }
    throw VerdictException.notApplicable("the device lacks this optional transition; "
        + detour(arc, ndma).map("alternative: %s"::formatted).orElse("there is no alternative"));
  }

  private static Optional<String> detour(ArcV1 arc, boolean ndma) {
    Set<ArcV1> others = new LinkedHashSet<>(FeaturesV1.all(ndma).arcs());
    others.remove(arc);
    return Planner.of(new FeaturesV1(ndma, others)).plan(arc.from(), arc.to()).best(true)
        .map(route -> route.path().stream().map(DeviceStateV1::toString).collect(Collectors.joining(" > ")));
  }

  private static void expectInvalidRefused(CheckContext context, DeviceStateV1 from)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    enter(context, region, from);
    for (int value = 0; value <= DeviceStateV1.KNOWN_BITS; value++) {
      DeviceStateV1 written = new DeviceStateV1(value);
      if (!written.isWritable(region.hasNdma())) {
        String label = "%s (%d), written in %s,".formatted(written, value, from);
        Expect.refused(label, () -> region.write(written), Errno.EINVAL);
        RegionFieldChecks.expectField(region, from, "after a refused write of " + written);
      }
    }
  }

  private static void reset(CheckContext context, DeviceStateV1 from)
      throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    enter(context, region, from);
    Expect.succeeds("the reset succeeds", context::resetOnly);
    RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "after a reset");
  }

  private static void expectReservedKept(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    List<DeviceStateV1> path =
        List.of(DeviceStateV1.RUNNING, DeviceStateV1.PRE_COPY, DeviceStateV1.STOP_COPY);
    int reserved = RESERVED;
    for (DeviceStateV1 state : path) {
      DeviceStateV1 written = new DeviceStateV1(reserved | state.value());
      Expect.succeeds("%s with reserved bits 0x%x".formatted(state, reserved), () -> region.write(written));
      RegionFieldChecks.expectField(region, written, "as it was written");
      Expect.refused("RESUMING|RUNNING", () -> region.write(new DeviceStateV1(DeviceStateV1.RESUMING_BIT
          | DeviceStateV1.RUNNING_BIT)), Errno.EINVAL);
      RegionFieldChecks.expectField(region, written, "as before the refused write");
      reserved = ~reserved & ~DeviceStateV1.KNOWN_BITS;
    }
  }

  private static void ndmaWhileStopped(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    if (!region.hasNdma()) {
      throw VerdictException.notApplicable("the region has no capability NDMA");
    }
    for (DeviceStateV1 state : List.of(DeviceStateV1.STOP, DeviceStateV1.STOP_COPY)) {
      context.resetDevice();
      enter(context, region, state);
      DeviceStateV1 with = new DeviceStateV1(state.value() | DeviceStateV1.NDMA_BIT);
      Expect.succeeds(with.toString(), () -> region.write(with));
      RegionFieldChecks.expectField(region, with, "as it was written");
    }
    write(region, DeviceStateV1.STOP_COPY, DeviceStateV1.RUNNING);
  }

  /** Read literally, the order of actions would capture the state that is about to be replaced. */
  private static void expectLoadBeforeCapture(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    List<byte[]> in = RegionDataChecks.saveSegments(context, region);
    context.resetDevice();
    write(region, DeviceStateV1.RUNNING, DeviceStateV1.RESUMING);
    if (RegionDataChecks.writeAll(region, in).isPresent()) {
      throw VerdictException.notApplicable("the device does not load its own state");
    }
    if (Expect.failureOf(() -> region.write(DeviceStateV1.STOP_COPY)).isPresent()) {
      throw VerdictException
          .notApplicable("the device lacks the optional RESUMING > STOP_COPY; through STOP it loads first");
    }
    byte[] read = SessionIo.concat(RegionDataChecks.readAll(context, region).toArray(byte[][]::new));
    Optional<String> observed = Expect.difference(SessionIo.concat(in.toArray(byte[][]::new)), read);
    if (observed.isEmpty()) {
      return;
    }
    if (context.profile().guarantees().contains(DeviceProfile.Guarantee.ROUND_TRIP)) {
      throw VerdictException.failed("the state that was written, since it is loaded first", observed.get());
    }
    context.reportDeviation(observed.get() + "; whether the device loaded first cannot be determined");
  }

  private static void expectErrorIsFinal(CheckContext context) throws VerdictException, DeviceException {
    RawMigrationRegion region = RawMigrationRegion.of(context);
    context.provokeError();
    RegionFieldChecks.expectField(region, DeviceStateV1.ERROR, "in ERROR");
    List<DeviceStateV1> all = new ArrayList<>(PLAIN);
    all.add(DeviceStateV1.ERROR);
    for (DeviceStateV1 state : all) {
      expectRefused(region, state);
    }
    ResetChecks.resetAndExpectRunning(context);
    RegionFieldChecks.expectField(region, DeviceStateV1.RUNNING, "after a reset");
  }

  private static void expectRefused(RawMigrationRegion region, DeviceStateV1 state)
      throws VerdictException, DeviceException {
    Optional<DeviceException> failure = Expect.failureOf(() -> region.write(state));
    // A client that has driven the device through version 2 owns it until the reset.
    if (failure.isEmpty() || !List.of(Errno.EINVAL, Errno.EBUSY).contains(failure.get().errno())) {
      throw VerdictException.failed(state + ", written in ERROR, is refused with EINVAL",
          failure.map(e -> e.errno().toString()).orElse("it is accepted"));
    }
    RegionFieldChecks.expectField(region, DeviceStateV1.ERROR, "as before");
  }
}
