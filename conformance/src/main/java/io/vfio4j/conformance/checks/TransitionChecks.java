// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckContext;
import io.vfio4j.conformance.harness.CheckIds;
import io.vfio4j.conformance.harness.Expect;
import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.util.Optional;

/** Every pair of states: errno, state reached, and data session. */
final class TransitionChecks {

  private TransitionChecks() {
  }

  static void addFromRunning(CheckPlan plan, MigrationFeatures features) {
    addFrom(plan, DeviceState.RUNNING, features);
  }

  static void addFromOthers(CheckPlan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.RUNNING && from != DeviceState.ERROR && features.supports(from)) {
        addFrom(plan, from, features);
      }
    }
  }

  private static void addFrom(CheckPlan plan, DeviceState from, MigrationFeatures features) {
    for (DeviceState to : DeviceState.values()) {
      boolean legal = NextState.of(features).next(from, to).isPresent();
      String requirement = legal
          ? "From %s the device moves to %s%s.".formatted(from, to, describeSession(from, to))
          : "From %s a request for %s is refused with EINVAL and changes nothing.".formatted(from, to);
      plan.add(CheckGroup.TRANSITIONS, CheckIds.transitionName(from, to), requirement,
          from == to ? SpecReferences.FAILURE : SpecReferences.ARCS,
          context -> {
            Optional<DataSession> before = context.enterFromRunning(from);
            if (legal) {
              expectMove(context, from, to, before);
            } else {
              expectRefusal(context, from, to, before);
            }
          });
    }
  }

  private static String describeSession(DeviceState from, DeviceState to) {
    if (from == to) {
      return ", which changes nothing";
    }
    return beginsSaving(from, to)
        ? ", and a saving session begins"
        : beginsResuming(from, to)
            ? ", and a resuming session begins"
            : from.isSaving() && to.isSaving() ? ", and the saving session continues" : "";
  }

  private static boolean beginsSaving(DeviceState from, DeviceState to) {
    return to.isSaving() && !from.isSaving();
  }

  private static boolean beginsResuming(DeviceState from, DeviceState to) {
    return to == DeviceState.RESUMING && from != DeviceState.RESUMING;
  }

  private static void expectMove(CheckContext context, DeviceState from, DeviceState to,
      Optional<DataSession> before)
      throws VerdictException, DeviceException {
    TransitionResult reached;
    try {
      reached = context.move(to);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (from == DeviceState.RESUMING && !context.device().state().isRunning()) {
        throw VerdictException.blocked(CheckIds.RESUMING_WHOLE, to.toString(),
            String.valueOf(e.getMessage()));
      }
      throw VerdictException.failed(to.toString(), String.valueOf(e.getMessage()));
    }
    if (reached.state() != to) {
      throw VerdictException.failed(to.toString(), "the device reports that it reached " + reached.state());
    }
    Expect.state(context, to, "after a successful transition");
    String expected =
        beginsSaving(from, to) ? "a saving session" : beginsResuming(from, to) ? "a resuming session"
            : "no new session";
    String observed = reached.session().map(TransitionChecks::describe).orElse("no new session");
    if (!observed.equals(expected)) {
      throw VerdictException.failed(expected, observed);
    }
    if (to.isSaving()) {
      expectOpen(context, before);
    }
  }

  private static String describe(DataSession session) {
    return switch (session) {
      case SavingSession _ -> "a saving session";
      case ResumingSession _ -> "a resuming session";
    };
  }

  /** Expects that a saving session that was open is still open. */
  private static void expectOpen(CheckContext context, Optional<DataSession> before)
      throws VerdictException, DeviceException {
    if (before.orElse(null) instanceof SavingSession session) {
      Optional<DeviceException> failure = Expect.failureOf(() -> session.read(context.sessionIo().buffer(1)));
      if (failure.isPresent() && failure.get().errno().equals(Errno.ENODEV)) {
        throw VerdictException.failed("the open session continues",
            String.valueOf(failure.get().getMessage()));
      }
    }
  }

  static void expectRefusal(CheckContext context, DeviceState from, DeviceState to,
      Optional<DataSession> before)
      throws VerdictException, DeviceException {
    TransitionResult reached;
    try {
      reached = context.move(to);
    } catch (TransitionException e) {
      if (!e.errno().equals(Errno.EINVAL)) {
        throw VerdictException.failed("EINVAL", e.errno().toString());
      }
      Expect.state(context, from, "as before");
      if (e.reached() != from) {
        throw VerdictException.failed(from + ", as before",
            "the device reports that it reached " + e.reached());
      }
      expectOpen(context, before);
      return;
    }
    throw VerdictException.failed("EINVAL",
        "the transition succeeds, and the device is in " + reached.state());
  }
}
