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

/** Data sessions: the kernel's behaviour and how vfio4j presents it. */
final class SessionChecks {

  private static final int MTTY_BYTES = 96;
  private static final int MTTY_HEADER = 24;
  private static final int KIB = 64;
  private static final int O_CLOEXEC = 02000000;

  private final CheckContext context;

  private SessionChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    SessionChecks sessions = new SessionChecks(context);
    checks.add("sessions/mtty: length", sessions::length);
    checks.add("sessions/mtty: what cannot be loaded", sessions::refusedStates);
    checks.add("sessions/mtty: a failed write", sessions::failedWrite);
    checks.add("sessions/descriptors are closed by exec", sessions::closedByExec);
    checks.add("sessions/info outside of pre-copy", sessions::refusesPreCopyInfoInOtherStates);
    checks.add("sessions/end of pre-copy by ENOMSG", () -> sessions.endOfPreCopy("N"));
    checks.add("sessions/end of pre-copy by 0", () -> sessions.endOfPreCopy("Y"));
    checks.add("sessions/dirty bytes rise and fall", sessions::dirtyBytes);
    checks.add("sessions/REINIT", sessions::reportsReinit);
    checks.add("sessions/no REINIT without the feature", sessions::reportsNoReinitWithoutOptIn);
    checks.add("sessions/damaged state", sessions::rejectsCorruptState);
  }

  private void length() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      device.reset();
      Requirements.requireEqual((long) MTTY_BYTES, device.stopCopyLength().orElseThrow(), "the estimate");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Requirements.requireEqual(MTTY_HEADER, CheckContext.readAll(session).length, "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      Requirements.requireEqual(MTTY_BYTES - MTTY_HEADER, CheckContext.readAll(session).length,
          "the remainder in STOP_COPY");
    }
  }

  /** After no data, only a header, or a state that is one byte short, only a reset leaves RESUMING. */
  private void refusedStates() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      device.reset();
      byte[] state = CheckContext.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      for (int count : new int[] {0, MTTY_HEADER, MTTY_BYTES - 1}) {
        ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
        if (count > 0) {
          CheckContext.write(session, state, count);
        }
        Requirements.requireErrno(Errno.EINVAL, () -> device.moveTo(DeviceState.STOP),
            "%d bytes".formatted(count));
        Requirements.requireEqual(DeviceState.RESUMING, device.state(), "after %d bytes".formatted(count));
        device.reset();
      }
    }
  }

  /** mtty itself would accept the transition and load the partial state. */
  private void failedWrite() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      device.reset();
      byte[] state = CheckContext.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
      Requirements.requireErrno(Errno.ENOMEM,
          () -> CheckContext.write(session, new byte[MTTY_BYTES + 1], MTTY_BYTES + 1),
          "one byte too many");
      for (DeviceState target : List.of(DeviceState.STOP, DeviceState.RUNNING)) {
        DeviceException e =
            Requirements.requireErrno(Errno.EIO, () -> device.moveTo(target),
                "a transition to %s after that".formatted(target));
        Requirements.requireContains(String.valueOf(e.getMessage()), "reset the device", "the message");
      }
      Requirements.requireErrno(Errno.EIO, () -> CheckContext.write(session, state, state.length),
          "another write");
      Requirements.requireEqual(DeviceState.RESUMING, device.state(), "still");
      device.reset();
      ResumingSession again = device.moveTo(DeviceState.RESUMING).resumingSession();
      CheckContext.write(again, state, state.length);
      device.moveTo(DeviceState.RUNNING);
    }
  }

  private void closedByExec() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      device.reset();
      device.moveTo(DeviceState.PRE_COPY);
      int count = 0;
      try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
        for (Path file : files.toList()) {
          if (isOfVfio(file)) {
            count++;
            Requirements.require((flags(file) & O_CLOEXEC) != 0, "%s is inherited by exec".formatted(file));
          }
        }
      }
      // The device, its data session, and the files that it was opened through.
      Requirements.require(count >= 3, "%d open files of VFIO".formatted(count));
    }
  }

  private static boolean isOfVfio(Path file) {
    try {
      String target = Files.readSymbolicLink(file).toString();
      return target.startsWith("/dev/vfio") || target.startsWith("/dev/iommu")
          || (target.startsWith("anon_inode:") && (target.contains("vfio") || target.contains("mtty")));
    } catch (IOException e) {
      return false; // closed since it was listed
    }
  }

  private static int flags(Path file) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/fdinfo").resolve(file.getFileName())).stream()
        .filter(line -> line.startsWith("flags:"))
        .mapToInt(line -> Integer.parseInt(line.substring("flags:".length()).trim(), 8)).findFirst()
        .orElseThrow();
  }

  private void refusesPreCopyInfoInOtherStates() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      device.reset();
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      Requirements.requireEqual((long) MTTY_HEADER, info(session).initialBytes(), "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      Requirements.requireErrno(Errno.EINVAL, session::preCopyInfo, "in STOP_COPY");
      device.moveTo(DeviceState.STOP);
      Requirements.requireErrno(Errno.ENODEV, session::preCopyInfo, "in STOP");
    }
  }

  private static PreCopyInfo info(SavingSession session) throws DeviceException {
    return session.preCopyInfo().orElseThrow();
  }

  private void endOfPreCopy(String isZero) throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB);
        KernelDevice device = context.open(test.mdev());
        DriverFaults _ = DriverFaults.set(Map.of("end_is_zero", isZero));
        Arena arena = Arena.ofConfined()) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      CheckContext.readAll(session);
      MemorySegment piece = arena.allocate(16);
      Requirements.requireEqual(SavingSession.NOTHING_NOW, session.read(piece), "in PRE_COPY");
      device.moveTo(DeviceState.STOP_COPY);
      CheckContext.readAll(session);
      Requirements.requireEqual(SavingSession.END, session.read(piece), "in STOP_COPY");
    }
  }

  private void dirtyBytes() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelDevice device = context.open(test.mdev())) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      PreCopyInfo atStart = info(session);
      Requirements.require(atStart.initialBytes() > KIB * 1024, "%s at first".formatted(atStart));
      Requirements.requireEqual(0L, atStart.dirtyBytes(), "dirty at first");
      CheckContext.readAll(session);
      Requirements.requireEqual(new PreCopyInfo(0, 0, false), info(session), "after reading all data");
      new RegionRegisters(device, 2).writeByte(0, 1);
      long dirty = info(session).dirtyBytes();
      Requirements.require(dirty >= 4096, "%d bytes are dirty after a page was written".formatted(dirty));
      Requirements.requireEqual((int) dirty, CheckContext.readAll(session).length,
          "the bytes read after that");
      Requirements.requireEqual(0L, info(session).dirtyBytes(), "dirty after that");
    }
  }

  private void reportsReinit() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelDevice device = context.open(test.mdev())) {
      Requirements.require(device.reportsReinit(), "MIG_PRECOPY_INFOv2 is not supported");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      long initial = info(session).initialBytes();
      CheckContext.readAll(session);
      new RegionRegisters(device, 2).writeByte(0, 1);
      new RegionRegisters(device, 0).write(TestDevice.REINIT, 1);
      Requirements.requireEqual(new PreCopyInfo(initial, 0, true), info(session), "after REINIT");
      Requirements.requireEqual(new PreCopyInfo(initial, 0, false), info(session), "the second query");
    }
  }

  private void reportsNoReinitWithoutOptIn() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB);
        DriverFaults _ = DriverFaults.set(Map.of("info_v2", "N"));
        KernelDevice device = context.open(test.mdev())) {
      Requirements.require(!device.reportsReinit(), "MIG_PRECOPY_INFOv2 is supported");
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      CheckContext.readAll(session);
      new RegionRegisters(device, 0).write(TestDevice.REINIT, 1);
      Requirements.require(!info(session).reinit(), "REINIT was reported");
    }
  }

  /** Changes a byte of the first page; the device verifies the checksum of the stream when it loads. */
  private void rejectsCorruptState() throws IOException {
    try (TestDevice test = MediatedDevice.testDevice(KIB); KernelDevice device = context.open(test.mdev())) {
      byte[] state = CheckContext.readAll(device.moveTo(DeviceState.STOP_COPY).savingSession());
      device.reset();
      state[MTTY_HEADER + 1000] ^= 1;
      ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
      CheckContext.write(session, state, state.length);
      Requirements.requireErrno(Errno.EBADMSG, () -> device.moveTo(DeviceState.RUNNING), "a damaged state");
      Requirements.requireEqual(DeviceState.RESUMING, device.state(), "after that");
    }
  }
}
