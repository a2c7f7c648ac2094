// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.testkit.Fault;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Data sessions of a kernel device. */
class KernelDataSessionsTest {

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(700);

  @AfterEach
  void freeBuffer() {
    arena.close();
  }

  private byte[] readUntil(SavingSession session, long end) throws DeviceException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (long read = session.read(buffer); read != end; read = session.read(buffer)) {
      assertThat(read).isPositive();
      all.writeBytes(buffer.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
    }
    return all.toByteArray();
  }

  private byte[] save(KernelDevice device) throws DeviceException {
    return readUntil(device.moveTo(DeviceState.STOP_COPY).savingSession(), SavingSession.END);
  }

  private void write(ResumingSession session, byte[] state, int from, int to) throws DeviceException {
    try (Arena confined = Arena.ofConfined()) {
      session.write(confined.allocateFrom(ValueLayout.JAVA_BYTE, state).asSlice(from, to - from));
    }
  }

  /** A signal interrupts each call once; callers do not notice. */
  @ParameterizedTest
  @EnumSource(KernelInterface.class)
  void transfersStateAcrossSignals(KernelInterface by) throws Exception {
    ScriptedHost left = ScriptedHost.with(ScriptedHost.SETTINGS);
    ScriptedHost right = ScriptedHost.with(ScriptedHost.SETTINGS.withContent(4, 0));
    left.kernel().interruptEachCall();
    right.kernel().interruptEachCall();
    try (KernelDevice source = left.open(by); KernelDevice target = right.open(by)) {
      SavingSession saving = source.moveTo(DeviceState.PRE_COPY).savingSession();
      byte[] early = readUntil(saving, SavingSession.NOTHING_NOW);
      assertThat(source.moveTo(DeviceState.STOP_COPY).session()).isEmpty();
      byte[] late = readUntil(saving, SavingSession.END);

      ResumingSession resuming = target.moveTo(DeviceState.RESUMING).resumingSession();
      write(resuming, early, 0, early.length);
      write(resuming, late, 0, late.length);
      target.moveTo(DeviceState.RUNNING);
    }
    assertThat(right.simulated().content()).isEqualTo(left.simulated().content());
    assertThat(right.simulated().machineState()).isEqualTo(DeviceState.RUNNING);
    assertThat(left.kernel().openFiles()).isEmpty();
    assertThat(right.kernel().openFiles()).isEmpty();
  }

  /** The interface specifies ENOMSG; mtty returns 0. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void distinguishesEndOfPreCopyFromEndOfStream(boolean byZero) throws Exception {
    ScriptedHost host =
        ScriptedHost.with(ScriptedHost.SETTINGS, KernelProfile.LINUX_6_12.endsPreCopyWithZero(byZero));
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      assertThat(readUntil(session, SavingSession.NOTHING_NOW)).isNotEmpty();
      assertThat(session.read(buffer)).isEqualTo(SavingSession.NOTHING_NOW);
      device.moveTo(DeviceState.PRE_COPY_P2P);
      assertThat(session.read(buffer)).isEqualTo(SavingSession.NOTHING_NOW);
      device.moveTo(DeviceState.STOP_COPY);
      assertThat(readUntil(session, SavingSession.END)).isNotEmpty();
      assertThat(session.read(buffer)).isEqualTo(SavingSession.END);
    }
  }

  /** In STOP_COPY the end is 0; a reader that accepted ENOMSG would read forever. */
  @Test
  void rejectsEnomsgInStopCopy() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession session = device.moveTo(DeviceState.STOP_COPY).savingSession();
      host.kernel().failReads(Errno.ENOMSG, 1);

      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> session.read(buffer))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOMSG));
      assertThat(session.read(buffer)).isPositive();
    }
  }

  /** With a non-blocking descriptor, which no driver has today. */
  @Test
  void waitsWhenReadWouldBlock() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession session = device.moveTo(DeviceState.STOP_COPY).savingSession();
      host.kernel().failReads(Errno.EAGAIN, 2);

      assertThat(session.read(buffer)).isPositive();
      assertThat(host.kernel().waitCount()).isEqualTo(2);
    }
  }

  @Test
  void endsSessionsOnTransition() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession saving = device.moveTo(DeviceState.PRE_COPY).savingSession();
      device.moveTo(DeviceState.RUNNING);
      assertEnded(() -> saving.read(buffer));
      assertEnded(saving::preCopyInfo);

      ResumingSession resuming = device.moveTo(DeviceState.RESUMING).resumingSession();
      device.reset();
      assertEnded(() -> resuming.write(buffer));
      assertThat(host.kernel().openFiles()).containsExactly("container", "data", "device", "group");
      resuming.close();
      assertThat(host.kernel().openFiles()).containsExactly("container", "device", "group");
    }
  }

  private static void assertEnded(ThrowingCallable use) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(use)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
  }

  @Test
  void reportsErrnoOfFailedRead() throws Exception {
    ScriptedHost host =
        ScriptedHost.with(ScriptedHost.SETTINGS.withFaults(new Fault.ReadFailure(100, Errno.EIO)));
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession session = device.moveTo(DeviceState.STOP_COPY).savingSession();

      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> readUntil(session, SavingSession.END))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EIO))
          .withMessage("kernel:%s: read the state: EIO (input/output error)", ScriptedHost.NAME);
    }
  }

  /**
   * A driver might accept the next transition and run with an invalid state, so the transition is not requested.
   */
  @Test
  void requiresResetAfterFailedWrite() throws Exception {
    byte[] state;
    try (KernelDevice source = ScriptedHost.with(ScriptedHost.SETTINGS).open(KernelInterface.GROUP)) {
      state = save(source);
    }
    ScriptedHost host =
        ScriptedHost.with(ScriptedHost.SETTINGS.withFaults(new Fault.WriteFailure(100, Errno.EIO)));
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      ResumingSession session = device.moveTo(DeviceState.RESUMING).resumingSession();
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> write(session, state, 0, state.length))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EIO))
          .withMessageEndingWith("reset the device");

      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> write(session, state, 0, 1));
      session.close(); // as recovery does
      for (DeviceState target : DeviceState.values()) {
        assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> device.moveTo(target))
            .withMessageEndingWith("reset the device");
      }
      assertThat(host.simulated().machineState()).isEqualTo(DeviceState.RESUMING);

      device.reset();
      assertThat(device.moveTo(DeviceState.STOP).state()).isEqualTo(DeviceState.STOP);
    }
  }

  @Test
  void staysInResumingOnTruncatedState() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      byte[] state = save(device);
      device.reset();
      write(device.moveTo(DeviceState.RESUMING).resumingSession(), state, 0, state.length - 1);

      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> device.moveTo(DeviceState.RUNNING))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
      assertThat(device.state()).isEqualTo(host.simulated().machineState());
    }
  }

  @Test
  void reportsPreCopyInfo() throws Exception {
    ScriptedHost host = ScriptedHost.with(ScriptedHost.SETTINGS);
    try (KernelDevice device = host.open(KernelInterface.GROUP)) {
      SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
      long before = session.preCopyInfo().orElseThrow().initialBytes();
      assertThat(before).isPositive();
      long read = session.read(buffer);
      assertThat(session.preCopyInfo().orElseThrow().initialBytes()).isEqualTo(before - read);

      device.moveTo(DeviceState.STOP_COPY);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(session::preCopyInfo)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
          .withMessageContaining("in STOP_COPY");
    }
  }

  /** A kernel without the opt-in leaves the flags undefined; the script sets misleading ones. */
  @Test
  void ignoresPreCopyFlagsWithoutOptIn() throws Exception {
    for (boolean tells : new boolean[] {true, false}) {
      ScriptedHost host =
          ScriptedHost.with(ScriptedHost.SETTINGS, KernelProfile.LINUX_6_12.reportsReinit(tells));
      try (KernelDevice device = host.open(KernelInterface.CDEV)) {
        assertThat(device.reportsReinit()).isEqualTo(tells);
        SavingSession session = device.moveTo(DeviceState.PRE_COPY).savingSession();
        assertThat(session.preCopyInfo().orElseThrow().reinit()).isFalse();
      }
    }
  }
}
