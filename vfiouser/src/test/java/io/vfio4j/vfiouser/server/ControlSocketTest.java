// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The control socket of a device that a VMM uses. */
@Timeout(60)
class ControlSocketTest {

  @TempDir
  private Path folder;

  private Path control() {
    return folder.resolve("control");
  }

  private TestServer serve(Duration maxHold) throws Exception {
    return TestServer.start(folder, ServerOptions.DEFAULT.withControl(control()).withMaxHold(maxHold));
  }

  private TestServer serve() throws Exception {
    return serve(ServerOptions.DEFAULT_MAX_HOLD);
  }

  private ControlClient connectControl() throws DeviceException {
    return ControlClient.connect(control(), ClientOptions.DEFAULT);
  }

  @Test
  void reportsVmm() throws Exception {
    try (TestServer served = serve();
        VfioUserClient vmm = served.connect();
        EventFd eventFd = EventFd.create();
        var memory = Memfd.create("memory", 8192);
        ControlClient control = connectControl()) {
      vmm.dma().map(new IovaRange(0x10000, 8192), memory, 0, true);
      vmm.irqs().assign(2, 0, List.of(eventFd));
      ControlInfo.Vmm seen = control.info().vmm().orElseThrow();
      assertThat(seen.pid()).isEqualTo((int) ProcessHandle.current().pid());
      assertThat(seen.mappings()).isEqualTo(1);
      assertThat(seen.mappedBytes()).isEqualTo(8192);
      assertThat(seen.isEnabled(2)).isTrue();
      assertThat(seen.isEnabled(0)).isFalse();
      assertThat(seen.token()).isNotZero();
    }
  }

  @Test
  void reportsThatThereIsNoVmm() throws Exception {
    try (TestServer _ = serve(); ControlClient control = connectControl()) {
      assertThat(control.info().vmm()).isEmpty();
      assertThat(control.info().maxHold()).isEqualTo(ServerOptions.DEFAULT_MAX_HOLD);
    }
  }

  @Test
  void refusesSecondClientAndServesTheNext() throws Exception {
    try (TestServer _ = serve()) {
      try (ControlClient _ = connectControl()) {
        assertThatExceptionOfType(DeviceException.class).isThrownBy(this::connectControl)
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      }
      Await.until("the place is free again", () -> {
        try (ControlClient next = connectControl()) {
          return next.info().vmm().isEmpty();
        } catch (DeviceException e) {
          return false;
        }
      });
    }
  }

  @Test
  void refusesSocketOfDevice() throws Exception {
    try (TestServer served = serve()) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> ControlClient.connect(served.path(), ClientOptions.DEFAULT))
          .withMessageContaining("not a control socket");
    }
  }

  @Test
  void refusesOrdinaryClient() throws Exception {
    try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> VfioUserClient.connect(control(), ClientOptions.DEFAULT));
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  @Test
  void refusesRegistersToControlClient() throws Exception {
    try (TestServer _ = serve(); ControlClient control = connectControl()) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> control.device().readInt(TestDevice.BAR0, TestDevice.SCRATCH))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPERM));
    }
  }

  /** In every state that does not run, a read of a register waits; afterwards it returns the right value. */
  @Test
  void holdsRegistersWhileStopped() throws Exception {
    for (DeviceState state : new DeviceState[] {DeviceState.STOP, DeviceState.STOP_COPY}) {
      try (TestServer served = serve();
          VfioUserClient vmm = served.connect();
          ControlClient control = connectControl()) {
        vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 7);
        control.device().moveTo(state);
        BackgroundTask<Integer> read =
            BackgroundTask.start("vcpu", () -> vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH));
        Await.until("the read waits", () -> control.info().isHeld());
        assertThat(read.thread().isAlive()).isTrue();
        control.device().moveTo(DeviceState.RUNNING);
        assertThat(read.result()).isEqualTo(7);
        assertThat(control.info().isHeld()).isFalse();
      }
    }
  }

  @Test
  void servesConfigSpaceInterruptsAndMappingsWhileStopped() throws Exception {
    try (TestServer served = serve();
        VfioUserClient vmm = served.connect();
        EventFd eventFd = EventFd.create();
        var memory = Memfd.create("memory", 8192);
        ControlClient control = connectControl()) {
      control.device().moveTo(DeviceState.STOP);
      assertThat(vmm.readInt(TestDevice.CONFIG, 0)).isEqualTo(TestDevice.IDS);
      vmm.dma().map(new IovaRange(0x10000, 8192), memory, 0, true);
      vmm.irqs().assign(2, 0, List.of(eventFd));
      assertThat(control.info().vmm().orElseThrow().mappings()).isEqualTo(1);
      control.device().moveTo(DeviceState.RUNNING);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  @Test
  void refusesMovesOfVmmWhileControlClientDrives() throws Exception {
    try (TestServer served = serve();
        VfioUserClient vmm = served.connect();
        ControlClient control = connectControl()) {
      control.device().moveTo(DeviceState.PRE_COPY);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> vmm.moveTo(DeviceState.STOP))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      control.device().moveTo(DeviceState.RUNNING);
      vmm.moveTo(DeviceState.STOP);
      assertThat(control.device().state()).isEqualTo(DeviceState.STOP);
      // Moved by the VMM itself: nothing is held.
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  @Test
  void returnsToRunningIfHoldTakesTooLong() throws Exception {
    try (TestServer served = serve(Duration.ofMillis(50));
        VfioUserClient vmm = served.connect();
        ControlClient control = connectControl()) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 9);
      control.device().moveTo(DeviceState.STOP_COPY);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(9);
      assertThat(control.device().state()).isEqualTo(DeviceState.RUNNING);
      assertThat(served.log().take()).contains("messages of the VMM have waited");
    }
  }

  @Test
  void tellsClientThatItsHoldHasExpired() throws Exception {
    try (TestServer served = serve(Duration.ofMillis(50));
        VfioUserClient vmm = served.connect();
        ControlClient control = connectControl();
        Arena arena = Arena.ofConfined()) {
      long token = control.info().token();
      SavingSession session =
          (SavingSession) control.device().moveTo(DeviceState.STOP_COPY).session().orElseThrow();
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
      MemorySegment buffer = arena.allocate(4096);
      for (ThrowingCallable call : List.<ThrowingCallable>of(() -> session.read(buffer),
          () -> control.surrender(token), () -> control.device().moveTo(DeviceState.STOP))) {
        assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
            .withMessageContaining("messages of the VMM have waited for 50 ms")
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
      }
      control.device().moveTo(DeviceState.RUNNING);
      control.device().moveTo(DeviceState.PRE_COPY);
      control.device().moveTo(DeviceState.RUNNING);
    }
  }

  @Test
  void returnsToRunningIfControlClientDies() throws Exception {
    for (DeviceState state : new DeviceState[] {DeviceState.PRE_COPY, DeviceState.STOP_COPY, DeviceState.STOP,
        DeviceState.RESUMING}) {
      try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
        try (ControlClient control = connectControl()) {
          control.device().moveTo(state);
        }
        assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
        assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING);
      }
    }
  }

  @Test
  void staysHeldAfterSurrender() throws Exception {
    try (TestServer served = serve(Duration.ofMillis(50)); VfioUserClient vmm = served.connect()) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 5);
      try (ControlClient control = connectControl()) {
        control.device().moveTo(DeviceState.STOP_COPY);
        control.surrender(control.info().token());
      }
      BackgroundTask<Integer> read =
          BackgroundTask.start("vcpu", () -> vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH));
      try (ControlClient control = reconnectControl()) {
        assertThat(control.info().isSurrendered()).isTrue();
        assertThat(control.device().state()).isEqualTo(DeviceState.STOP_COPY);
        assertThat(read.thread().isAlive()).isTrue();
        control.device().moveTo(DeviceState.RUNNING);
      }
      assertThat(read.result()).isEqualTo(5);
    }
  }

  private ControlClient reconnectControl() throws DeviceException {
    while (true) {
      try {
        return connectControl();
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY)) {
          throw e;
        }
      }
    }
  }
}
