// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What mtty answers to every pair of states, and what becomes of its data sessions: observed here as rows of the table
 * that the answers of another kernel are kept in, and compared with it outside.
 */
final class OracleChecks {

  private static final int NO_STATE = 8;
  private static final String MARK = "vfio4j-row ";
  private static final Pattern ARC_LINE = Pattern.compile("mtty_step_state: (\\d) -> (\\d)");
  private static final Path KERNEL_LOG = Path.of("/dev/kmsg");
  private static final Path DYNAMIC_DEBUG = Path.of("/sys/kernel/debug/dynamic_debug/control");

  /** A row's beginning: RESUMING counts twice, with nothing written and with all of a state. */
  private record Origin(DeviceState state, boolean loaded) {
    @Override
    public String toString() {
      return state == DeviceState.RESUMING ? state + (loaded ? "(loaded)" : "(empty)") : state.toString();
    }
  }

  private final CheckList checks;
  private final CheckContext context;

  private OracleChecks(CheckList checks, CheckContext context) {
    this.checks = checks;
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    OracleChecks oracle = new OracleChecks(checks, context);
    checks.add("oracle/rows", oracle::rows);
    checks.add("oracle/resets", oracle::resets);
    checks.add("oracle/ERROR", oracle::error);
  }

  private void rows() throws IOException {
    Map<String, String> rows = new LinkedHashMap<>();
    Files.writeString(DYNAMIC_DEBUG, "func mtty_step_state +p");
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelProbe probe = context.probe(mtty)) {
      byte[] state = CheckContext.readAll(probe.device().moveTo(DeviceState.STOP_COPY).savingSession());
      for (DeviceState from : DeviceState.values()) {
        if (from == DeviceState.RESUMING) {
          rows(probe, new Origin(from, false), state, rows);
        }
        if (from != DeviceState.ERROR) {
          rows(probe, new Origin(from, true), state, rows);
        }
      }
    } finally {
      Files.writeString(DYNAMIC_DEBUG, "func mtty_step_state -p");
    }
    Map<String, String> arcs = arcs();
    rows.forEach((row, seen) -> checks.observe("row", row, seen + " | " + arcs.getOrDefault(row, "-")));
  }

  /** Returns the arcs that the driver took between the marks of each row, by its own account in the kernel's log. */
  private static Map<String, String> arcs() throws IOException {
    Map<String, String> arcs = new HashMap<>();
    String row = "";
    Process dmesg = new ProcessBuilder("dmesg").start();
    try (BufferedReader lines = dmesg.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher step = ARC_LINE.matcher(line);
        if (line.contains(MARK)) {
          row = line.substring(line.indexOf(MARK) + MARK.length()).trim();
        } else if (!row.isEmpty() && step.find()) {
          arcs.merge(row, state(step.group(1)) + ">" + state(step.group(2)), (all, next) -> all + " " + next);
        }
      }
    }
    return arcs;
  }

  private static DeviceState state(String number) {
    return DeviceState.fromWire(Integer.parseInt(number)).orElseThrow();
  }

  private static void rows(KernelProbe probe, Origin from, byte[] state, Map<String, String> rows)
      throws IOException {
    for (DeviceState to : DeviceState.values()) {
      row(probe, from, to.toString(), state, rows, () -> probe.device().moveTo(to));
    }
    for (int number : new int[] {NO_STATE, -1}) {
      row(probe, from, "#0x" + Integer.toHexString(number), state, rows, () -> {
        probe.setState(number);
        return new TransitionResult(probe.device().state(), Optional.empty());
      });
    }
  }

  /** A request for a state. */
  @FunctionalInterface
  private interface StateRequest {
    TransitionResult run() throws DeviceException;
  }

  private static void row(KernelProbe probe, Origin from, String to, byte[] state, Map<String, String> rows,
      StateRequest move) throws IOException {
    probe.device().reset();
    Optional<DataSession> before = probe.device().moveTo(from.state()).session();
    if (from.loaded() && before.orElse(null) instanceof ResumingSession resuming) {
      CheckContext.write(resuming, state, state.length);
    }
    String what = from + " -> " + to;
    mark(what);
    String errno = "0";
    Optional<DataSession> begun = Optional.empty();
    try {
      begun = move.run().session();
    } catch (DeviceException e) {
      errno = e.errno().name();
    }
    mark("");
    // The order is the table's: the state is read before the sessions are used.
    DeviceState reached = probe.device().state();
    String data = begun.isEmpty() ? "-" : exerciseSession(begun.get(), state);
    rows.put(what, String.join(" | ", errno, reached.toString(), begun.isEmpty() ? "-1" : "yes", data,
        before.isEmpty() ? "none" : exercisePreviousSession(before.get())));
    before.ifPresent(DataSession::close);
    begun.ifPresent(DataSession::close);
  }

  /** The driver's own account of the arcs goes to the kernel's log, between two marks. */
  private static void mark(String what) throws IOException {
    Files.write(KERNEL_LOG, (MARK + what).getBytes(StandardCharsets.UTF_8));
  }

  private static String exerciseSession(DataSession session, byte[] state) throws DeviceException {
    return switch (session) {
      case SavingSession saving -> "rd %d end=0".formatted(CheckContext.readAll(saving).length);
      case ResumingSession resuming -> {
        CheckContext.write(resuming, state, state.length);
        yield "wr " + state.length;
      }
    };
  }

  private static String exercisePreviousSession(DataSession session) {
    return switch (session) {
      case SavingSession saving -> {
        try {
          yield "rd %d end=0".formatted(CheckContext.readAll(saving).length);
        } catch (DeviceException e) {
          yield "rd " + e.errno().name();
        }
      }
      case ResumingSession resuming -> {
        try {
          CheckContext.write(resuming, new byte[1], 1);
          yield "wr ok";
        } catch (DeviceException e) {
          // One that holds all of a state already has no room for a byte more, but is there.
          yield e.errno().equals(Errno.ENOMEM) ? "wr ok" : "wr " + e.errno().name();
        }
      }
    };
  }

  private void resets() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelProbe probe = context.probe(mtty)) {
      for (DeviceState from : DeviceState.values()) {
        if (from != DeviceState.ERROR) {
          probe.device().moveTo(from);
          Requirements.requireEqual(from, probe.device().state(), "before the reset");
          probe.resetOnly();
          checks.observe("reset", from.toString(), "state=" + probe.device().state());
        }
      }
    }
  }

  /** An unmodified mtty has no way into ERROR: the test device has, and what it answers there is the kernel's word too. */
  private void error() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(4); KernelProbe probe = context.probe(test.mdev())) {
      String failed = enterError(probe, "RUNNING_P2P>STOP", DeviceState.STOP_COPY);
      checks.observe("inject", "fail arc RUNNING_P2P>STOP", failed);
      for (DeviceState to : DeviceState.values()) {
        checks.observe("inject", "ERROR -> " + to, answer(() -> probe.device().moveTo(to)) + " "
            + probe.device().state());
      }
      probe.resetOnly();
      checks.observe("inject", "RESET from ERROR", "0 " + probe.device().state());
      SavingSession session = probe.device().moveTo(DeviceState.PRE_COPY_P2P).savingSession();
      checks.observe("inject", "fail PRE_COPY_P2P>STOP_COPY",
          enterError(probe, "PRE_COPY_P2P>STOP_COPY", DeviceState.STOP_COPY) + "; old fd "
              + answer(() -> CheckContext.readAll(session)));
    }
  }

  private static String enterError(KernelProbe probe, String arc, DeviceState target) throws IOException {
    try (DriverFaults _ = DriverFaults.arc(arc, "error")) {
      return answer(() -> probe.device().moveTo(target)) + " " + probe.device().state();
    }
  }

  /** Anything asked of a device. */
  @FunctionalInterface
  private interface Query {
    @Nullable
    Object ask() throws DeviceException;
  }

  private static String answer(Query question) {
    try {
      question.ask();
      return "0";
    } catch (DeviceException e) {
      return e.errno().name();
    }
  }
}
