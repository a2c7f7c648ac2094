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
 * Observes mtty's answer to every pair of states and the effect on its data sessions, as rows of the table with
 * another kernel's answers. The host compares the two.
 */
final class OracleChecks {

  private static final int NO_STATE = 8;
  private static final String MARK = "vfio4j-row ";
  private static final Pattern ARC_LINE = Pattern.compile("mtty_step_state: (\\d) -> (\\d)");
  private static final Path KERNEL_LOG = Path.of("/dev/kmsg");
  private static final Path DYNAMIC_DEBUG = Path.of("/sys/kernel/debug/dynamic_debug/control");

  /** The origin of a row; RESUMING has two, without data and with a complete state. */
  private record Origin(DeviceState state, boolean loaded) {
    @Override
    public String toString() {
      return state == DeviceState.RESUMING ? state + (loaded ? "(loaded)" : "(empty)") : state.toString();
    }
  }

  /** The rows so far, the device that answers, and a complete state of it. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Table(KernelProbe probe, byte[] state, Map<String, String> rows) {
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
          rows(new Table(probe, state, rows), new Origin(from, false));
        }
        if (from != DeviceState.ERROR) {
          rows(new Table(probe, state, rows), new Origin(from, true));
        }
      }
    } finally {
      Files.writeString(DYNAMIC_DEBUG, "func mtty_step_state -p");
    }
    Map<String, String> arcs = arcs();
    rows.forEach((row, answer) -> checks.observe("row", row, answer + " | " + arcs.getOrDefault(row, "-")));
  }

  /** Returns the arcs of each row, from the driver's messages between the marks in the kernel log. */
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

  private static void rows(Table table, Origin from) throws IOException {
    KernelProbe probe = table.probe();
    for (DeviceState to : DeviceState.values()) {
      row(table, from, to.toString(), () -> probe.device().moveTo(to));
    }
    for (int number : new int[] {NO_STATE, -1}) {
      row(table, from, "#0x" + Integer.toHexString(number), () -> {
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

  private static void row(Table table, Origin from, String to, StateRequest request) throws IOException {
    KernelProbe probe = table.probe();
    byte[] state = table.state();
    probe.device().reset();
    Optional<DataSession> before = probe.device().moveTo(from.state()).session();
    if (from.loaded() && before.orElse(null) instanceof ResumingSession resuming) {
      CheckContext.write(resuming, state, state.length);
    }
    String row = from + " -> " + to;
    mark(row);
    String errno = "0";
    Optional<DataSession> opened = Optional.empty();
    try {
      opened = request.run().session();
    } catch (DeviceException e) {
      errno = e.errno().name();
    }
    mark("");
    // In the order of the table, where the state is read before the sessions are used.
    DeviceState reached = probe.device().state();
    String data = opened.isEmpty() ? "-" : exerciseSession(opened.get(), state);
    table.rows().put(row, String.join(" | ", errno, reached.toString(), opened.isEmpty() ? "-1" : "yes", data,
        before.isEmpty() ? "none" : exercisePreviousSession(before.get())));
    before.ifPresent(DataSession::close);
    opened.ifPresent(DataSession::close);
  }

  /** Writes a mark to the kernel log, where the driver's messages about arcs appear between two marks. */
  private static void mark(String row) throws IOException {
    Files.write(KERNEL_LOG, (MARK + row).getBytes(StandardCharsets.UTF_8));
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
          // A session with a complete state has no room for another byte, but still exists.
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

  /** An unmodified mtty never enters ERROR. The test device does, and vfio answers for it there. */
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

  /** A request to a device. */
  @FunctionalInterface
  private interface Query {
    @Nullable
    Object ask() throws DeviceException;
  }

  private static String answer(Query query) {
    try {
      query.ask();
      return "0";
    } catch (DeviceException e) {
      return e.errno().name();
    }
  }
}
