// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Data sessions: what the kernel was seen to do with them, and what we make of it. */
final class SessionChecks {

  private static final int MTTY_BYTES = 96;
  private static final int MTTY_HEADER = 24;
  private static final int KIB = 64;
  private static final int O_CLOEXEC = 02000000;

  private final Bench bench;

  private SessionChecks(Bench bench) {
    this.bench = bench;
  }

  static void add(Checks checks, Bench bench) {
    SessionChecks sessions = new SessionChecks(bench);
    checks.add("sessions/mtty: length", sessions::length);
    checks.add("sessions/mtty: what cannot be loaded", sessions::refusedStates);
    checks.add("sessions/mtty: a failed write", sessions::failedWrite);
    checks.add("sessions/descriptors are closed by exec", sessions::closedByExec);
    checks.add("sessions/info outside of pre-copy", sessions::infoElsewhere);
    checks.add("sessions/end of pre-copy by ENOMSG", () -> sessions.endOfPreCopy("N"));
    checks.add("sessions/end of pre-copy by 0", () -> sessions.endOfPreCopy("Y"));
    checks.add("sessions/dirty bytes rise and fall", sessions::dirtyBytes);
    checks.add("sessions/REINIT", sessions::reinit);
    checks.add("sessions/no REINIT without the feature", sessions::noReinit);
    checks.add("sessions/damaged state", sessions::damaged);
  }

  private void length() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice device = bench.open(mtty)) {
      device.reset();
      Require.equal((long) MTTY_BYTES, device.stopCopyLength().orElseThrow(), "the estimate");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Require.equal(MTTY_HEADER, Bench.readAll(session).length, "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      Require.equal(MTTY_BYTES - MTTY_HEADER, Bench.readAll(session).length, "the rest in STOP_COPY");
    }
  }

  /** Nothing, a header and a state that is short by a byte: RESUMING cannot be left but by a reset. */
  private void refusedStates() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice device = bench.open(mtty)) {
      device.reset();
      byte[] state = Bench.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      for (int count : new int[] {0, MTTY_HEADER, MTTY_BYTES - 1}) {
        ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
        if (count > 0) {
          Bench.write(session, state, count);
        }
        Require.refused(Errno.EINVAL, () -> device.moveTo(DeviceState.STOP), "%d bytes".formatted(count));
        Require.equal(DeviceState.RESUMING, device.state(), "after %d bytes".formatted(count));
        device.reset();
      }
    }
  }

  /** mtty would take the transition and load what it has. */
  private void failedWrite() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice device = bench.open(mtty)) {
      device.reset();
      byte[] state = Bench.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
      Require.refused(Errno.ENOMEM, () -> Bench.write(session, new byte[MTTY_BYTES + 1], MTTY_BYTES + 1),
          "a byte too many");
      for (DeviceState target : List.of(DeviceState.STOP, DeviceState.RUNNING)) {
        DeviceException e =
            Require.refused(Errno.EIO, () -> device.moveTo(target),
                "a move to %s after that".formatted(target));
        Require.contains(String.valueOf(e.getMessage()), "only a reset helps", "words");
      }
      Require.refused(Errno.EIO, () -> Bench.write(session, state, state.length), "another write");
      Require.equal(DeviceState.RESUMING, device.state(), "still");
      device.reset();
      ResumingSession again = device.moveTo(DeviceState.RESUMING).resumingSession();
      Bench.write(again, state, state.length);
      device.moveTo(DeviceState.RUNNING);
    }
  }

  private void closedByExec() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice device = bench.open(mtty)) {
      device.reset();
      device.moveTo(DeviceState.PRE_COPY);
      int seen = 0;
      try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
        for (Path file : files.toList()) {
          if (isOfVfio(file)) {
            seen++;
            Require.that((flags(file) & O_CLOEXEC) != 0, "%s stays open".formatted(file));
          }
        }
      }
      // The device, its data, and what it was opened by.
      Require.that(seen >= 3, "%d files of VFIO are open".formatted(seen));
    }
  }

  private static boolean isOfVfio(Path file) {
    try {
      String target = Files.readSymbolicLink(file).toString();
      return target.startsWith("/dev/vfio") || target.startsWith("/dev/iommu")
          || (target.startsWith("anon_inode:") && (target.contains("vfio") || target.contains("mtty")));
    } catch (IOException e) {
      return false; // Closed since it was listed.
    }
  }

  private static int flags(Path file) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/fdinfo").resolve(file.getFileName())).stream()
        .filter(line -> line.startsWith("flags:"))
        .mapToInt(line -> Integer.parseInt(line.substring("flags:".length()).trim(), 8)).findFirst()
        .orElseThrow();
  }

  private void infoElsewhere() throws IOException {
    try (Mdev mtty = Mdev.mtty(); KernelDevice device = bench.open(mtty)) {
      device.reset();
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Require.equal((long) MTTY_HEADER, info(session).initialBytes(), "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      Require.refused(Errno.EINVAL, session::preCopyInfo, "in STOP_COPY");
      device.moveTo(DeviceState.STOP);
      Require.refused(Errno.ENODEV, session::preCopyInfo, "in STOP");
    }
  }

  private static PreCopyInfo info(SavingSession session) throws DeviceException {
    return session.preCopyInfo().orElseThrow();
  }

  private void endOfPreCopy(String isZero) throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB);
        KernelDevice device = bench.open(test.mdev());
        Faults _ = Faults.set(Map.of("end_is_zero", isZero));
        Arena arena = Arena.ofConfined()) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Bench.readAll(session);
      MemorySegment piece = arena.allocate(16);
      Require.equal(SavingSession.NOTHING_NOW, session.read(piece), "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      Bench.readAll(session);
      Require.equal(SavingSession.END, session.read(piece), "in STOP_COPY");
    }
  }

  private void dirtyBytes() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); KernelDevice device = bench.open(test.mdev())) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      PreCopyInfo begun = info(session);
      Require.that(begun.initialBytes() > KIB * 1024, "%s at first".formatted(begun));
      Require.equal(0L, begun.dirtyBytes(), "dirty at first");
      Bench.readAll(session);
      Require.equal(new PreCopyInfo(0, 0, false), info(session), "when all was read");
      new Registers(device, 2).writeByte(0, 1);
      long dirty = info(session).dirtyBytes();
      Require.that(dirty >= 4096, "%d bytes are dirty after a page was written".formatted(dirty));
      Require.equal((int) dirty, Bench.readAll(session).length, "what was read then");
      Require.equal(0L, info(session).dirtyBytes(), "dirty after that");
    }
  }

  private void reinit() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); KernelDevice device = bench.open(test.mdev())) {
      Require.that(device.reportsReinit(), "it does not know MIG_PRECOPY_INFOv2");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      long initial = info(session).initialBytes();
      Bench.readAll(session);
      new Registers(device, 2).writeByte(0, 1);
      new Registers(device, 0).write(TestDevice.REINIT, 1);
      Require.equal(new PreCopyInfo(initial, 0, true), info(session), "after REINIT");
      Require.equal(new PreCopyInfo(initial, 0, false), info(session), "asked again");
    }
  }

  private void noReinit() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); Faults _ = Faults.set(Map.of("info_v2", "N"));
        KernelDevice device = bench.open(test.mdev())) {
      Require.that(!device.reportsReinit(), "it knows MIG_PRECOPY_INFOv2");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Bench.readAll(session);
      new Registers(device, 0).write(TestDevice.REINIT, 1);
      Require.that(!info(session).reinit(), "it says so all the same");
    }
  }

  /** A byte of the first page is changed: the stream has a checksum, and the device looks at it when it loads. */
  private void damaged() throws IOException {
    try (TestDevice test = Mdev.testDevice(KIB); KernelDevice device = bench.open(test.mdev())) {
      byte[] state = Bench.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      device.reset();
      state[MTTY_HEADER + 1000] ^= 1;
      ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
      Bench.write(session, state, state.length);
      Require.refused(Errno.EBADMSG, () -> device.moveTo(DeviceState.RUNNING), "a damaged state");
      Require.equal(DeviceState.RESUMING, device.state(), "after that");
    }
  }
}
