// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

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

  /** Returns the id of the check of a transition. */
  static String id(DeviceState from, DeviceState to) {
    return (from == DeviceState.ERROR ? Group.ERROR : Group.TRANSITIONS).id() + "/" + name(from, to);
  }

  static String name(DeviceState from, DeviceState to) {
    return from + " > " + to;
  }

  static void addFromRunning(Plan plan, MigrationFeatures features) {
    addFrom(plan, DeviceState.RUNNING, features);
  }

  static void addFromOthers(Plan plan, MigrationFeatures features) {
    for (DeviceState from : DeviceState.values()) {
      if (from != DeviceState.RUNNING && from != DeviceState.ERROR && features.supports(from)) {
        addFrom(plan, from, features);
      }
    }
  }

  private static void addFrom(Plan plan, DeviceState from, MigrationFeatures features) {
    for (DeviceState to : DeviceState.values()) {
      boolean legal = NextState.of(features).next(from, to).isPresent();
      String sentence = legal
          ? "From %s the device goes to %s%s.".formatted(from, to, sessionWords(from, to))
          : "From %s a request for %s is refused with EINVAL, and nothing changes.".formatted(from, to);
      plan.add(Group.TRANSITIONS, name(from, to), sentence, from == to ? Sources.FAILURE : Sources.ARCS,
          bench -> {
            Optional<DataSession> before = bench.goFromRunning(from);
            if (legal) {
              expectMove(bench, from, to, before);
            } else {
              expectRefusal(bench, from, to, before);
            }
          });
    }
  }

  private static String sessionWords(DeviceState from, DeviceState to) {
    if (from == to) {
      return ", which changes nothing";
    }
    return beginsSaving(from, to)
        ? ", and a saving session begins"
        : beginsResuming(from, to)
            ? ", and a resuming session begins"
            : from.isSaving() && to.isSaving() ? ", and the saving session goes on" : "";
  }

  private static boolean beginsSaving(DeviceState from, DeviceState to) {
    return to.isSaving() && !from.isSaving();
  }

  private static boolean beginsResuming(DeviceState from, DeviceState to) {
    return to == DeviceState.RESUMING && from != DeviceState.RESUMING;
  }

  private static void expectMove(Bench bench, DeviceState from, DeviceState to, Optional<DataSession> before)
      throws Judgement, DeviceException {
    TransitionResult reached;
    try {
      reached = bench.move(to);
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (from == DeviceState.RESUMING && !bench.device().state().isRunning()) {
        throw Judgement.blocked(ResumingChecks.WHOLE, to.toString(), String.valueOf(e.getMessage()));
      }
      throw Judgement.failed(to.toString(), String.valueOf(e.getMessage()));
    }
    if (reached.state() != to) {
      throw Judgement.failed(to.toString(), "the device says it reached " + reached.state());
    }
    Expect.state(bench, to, "after a successful move");
    String expected =
        beginsSaving(from, to) ? "a saving session" : beginsResuming(from, to) ? "a resuming session"
            : "no new session";
    String observed = reached.session().map(TransitionChecks::words).orElse("no new session");
    if (!observed.equals(expected)) {
      throw Judgement.failed(expected, observed);
    }
    if (to.isSaving()) {
      expectAlive(bench, before);
    }
  }

  private static String words(DataSession session) {
    return switch (session) {
      case SavingSession _ -> "a saving session";
      case ResumingSession _ -> "a resuming session";
    };
  }

  /** Expects that a saving session that was open still is. */
  private static void expectAlive(Bench bench, Optional<DataSession> before)
      throws Judgement, DeviceException {
    if (before.orElse(null) instanceof SavingSession session) {
      Optional<DeviceException> failure = Expect.failure(() -> session.read(bench.streams().buffer(1)));
      if (failure.isPresent() && failure.get().errno().equals(Errno.ENODEV)) {
        throw Judgement.failed("the session from before goes on",
            String.valueOf(failure.get().getMessage()));
      }
    }
  }

  static void expectRefusal(Bench bench, DeviceState from, DeviceState to, Optional<DataSession> before)
      throws Judgement, DeviceException {
    TransitionResult reached;
    try {
      reached = bench.move(to);
    } catch (TransitionException e) {
      if (!e.errno().equals(Errno.EINVAL)) {
        throw Judgement.failed("EINVAL", e.errno().toString());
      }
      Expect.state(bench, from, "as before");
      if (e.reached() != from) {
        throw Judgement.failed(from + ", as before", "the device says it reached " + e.reached());
      }
      expectAlive(bench, before);
      return;
    }
    throw Judgement.failed("EINVAL", "the move succeeds, the device is in " + reached.state());
  }
}
