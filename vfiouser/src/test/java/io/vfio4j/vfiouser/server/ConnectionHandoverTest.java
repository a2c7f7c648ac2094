// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.Swap;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The VMM's connection moves from one server to another, and the VMM does not notice. */
@Timeout(60)
class ConnectionHandoverTest {

  private static final IovaRange RANGE = new IovaRange(0x10_0000, 0x2000);

  @TempDir
  private Path folder;

  private TestServer serve(String name) throws Exception {
    return TestServer.start(folder, ServerOptions.DEFAULT.withControl(folder.resolve(name)));
  }

  private ControlClient control(String name) throws DeviceException {
    return ControlClient.connect(folder.resolve(name), ClientOptions.DEFAULT);
  }

  @Test
  void movesRegistersMappingsAndInterrupts() throws Exception {
    try (TestServer a = serve("a");
        TestServer b = serve("b");
        ControlClient controlA = control("a");
        ControlClient controlB = control("b");
        VfioUserClient vmm = a.connect();
        Arena arena = Arena.ofConfined();
        Fd memory = Memfd.create("guest", RANGE.length());
        EventFd msix = EventFd.create();
        EventFd intx = EventFd.create()) {
      MemorySegment guest = MemoryMap.shared(memory, 0, RANGE.length(), true, arena);
      vmm.dma().map(RANGE, memory, 0, true);
      vmm.irqs().assign(2, 3, List.of(msix));
      vmm.irqs().assign(0, 0, List.of(intx));
      vmm.writeInt(TestDevice.CONFIG, 0x40, 0x0506_0708);
      ControlClient[] controls = {controlA, controlB};
      TestServer[] servers = {a, b};
      for (int i = 0; i < 20; i++) {
        Swap.run(controls[i % 2], controls[(i + 1) % 2]);
        TestServer now = servers[(i + 1) % 2];
        assertThat(now.device().state()).isEqualTo(DeviceState.RUNNING);
        assertThat(vmm.readInt(TestDevice.CONFIG, 0x40)).isEqualTo(0x0506_0708);
        vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, i);
        assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(i);
        now.device().memory().set(ValueLayout.JAVA_INT, 0, 1000 + i);
        vmm.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, RANGE.iova());
        vmm.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 4096);
        vmm.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE);
        assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.STATUS)).isZero();
        assertThat(guest.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1000 + i);
        assertThat(controls[(i + 1) % 2].info().vmm().orElseThrow().mappings()).isEqualTo(1);
        assertThat(controls[i % 2].info().vmm()).isEmpty();
      }
      vmm.irqs().apply(IrqAction.TRIGGER, 2, 3, 1);
      assertThat(msix.await(Duration.ofSeconds(10))).isTrue();
    }
  }

  /** Writes that arrive during the hold, more than a socket holds, are executed by the new server, in order. */
  @Test
  void movesMessagesThatWait() throws Exception {
    try (TestServer a = serve("a");
        TestServer b = serve("b");
        ControlClient controlA = control("a");
        ControlClient controlB = control("b");
        VfioUserClient vmm = a.connect()) {
      int writes = 200_000;
      BackgroundTask<Boolean> posts = BackgroundTask.start("vcpu", () -> {
        for (int i = 1; i <= writes; i++) {
          vmm.regions().postWrite(TestDevice.BAR0, TestDevice.RECORDED, number(i));
        }
        return true;
      });
      Await.until("some writes have been executed", () -> a.device().recordedWrites.size() > 100);
      Swap.run(controlA, controlB);
      assertThat(posts.result()).isTrue();
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.RECORDED)).isEqualTo(writes);
      int before = a.device().recordedWrites.size();
      assertThat(before).isLessThan(writes);
      assertThat(before + b.device().recordedWrites.size()).isEqualTo(writes);
      int expected = 1;
      for (String line : a.device().recordedWrites) {
        assertThat(line).isEqualTo(recorded(expected++));
      }
      for (String line : b.device().recordedWrites) {
        assertThat(line).isEqualTo(recorded(expected++));
      }
    }
  }

  private static MemorySegment number(int value) {
    MemorySegment data = Arena.ofAuto().allocate(Integer.BYTES);
    data.set(ValueLayout.JAVA_INT, 0, value);
    return data;
  }

  private static String recorded(int value) {
    return "80: %08x".formatted(Integer.reverseBytes(value));
  }

  @Test
  void sourceContinuesIfTargetIsResetBeforeSurrender() throws Exception {
    try (TestServer a = serve("a");
        TestServer b = serve("b");
        ControlClient controlA = control("a");
        ControlClient controlB = control("b");
        VfioUserClient vmm = a.connect()) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 3);
      Swap.stage(controlA, controlB);
      assertThat(controlB.info().isStaged()).isTrue();
      BackgroundTask<Integer> read =
          BackgroundTask.start("vcpu", () -> vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH));
      controlB.device().reset();
      assertThat(controlB.info().vmm()).isEmpty();
      assertThat(read.thread().isAlive()).isTrue();
      controlA.device().moveTo(DeviceState.RUNNING);
      assertThat(read.result()).isEqualTo(3);
      assertThat(a.device().state()).isEqualTo(DeviceState.RUNNING);
      assertThat(b.device().state()).isEqualTo(DeviceState.RUNNING);
      b.assertServesNext();
    }
  }

  @Test
  void sourceContinuesIfControlClientDiesBeforeSurrender() throws Exception {
    try (TestServer a = serve("a"); TestServer b = serve("b"); VfioUserClient vmm = a.connect()) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 4);
      try (ControlClient controlA = control("a"); ControlClient controlB = control("b")) {
        Swap.stage(controlA, controlB);
      }
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(4);
      Await.until("the staged connection is dropped", () -> b.device().state() == DeviceState.RUNNING);
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 5);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(5);
      assertThat(a.device().state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  /** A server that stops closes its descriptor of a socket that is another's to use; it must not shut it down. */
  @Test
  void sourceContinuesIfTargetIsStoppedBeforeSurrender() throws Exception {
    try (TestServer a = serve("a"); VfioUserClient vmm = a.connect(); ControlClient controlA = control("a")) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 6);
      try (TestServer b = serve("b"); ControlClient controlB = control("b")) {
        Swap.stage(controlA, controlB);
        b.server().stop();
        b.awaitEnd();
      }
      controlA.device().moveTo(DeviceState.RUNNING);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(6);
    }
  }

  @Test
  void targetContinuesIfSourceIsStoppedBeforeRelease() throws Exception {
    try (TestServer b = serve("b"); ControlClient controlB = control("b"); TestServer a = serve("a")) {
      try (VfioUserClient vmm = a.connect(); ControlClient controlA = control("a")) {
        long token = Swap.stage(controlA, controlB);
        controlA.surrender(token);
        controlB.device().moveTo(DeviceState.RUNNING);
        a.server().stop();
        a.awaitEnd();
        vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 7);
        assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(7);
        assertThat(b.device().state()).isEqualTo(DeviceState.RUNNING);
      }
    }
  }

  @Test
  void refusesSurrenderOfHoldThatHasEnded() throws Exception {
    try (TestServer a = serve("a"); ControlClient controlA = control("a"); VfioUserClient _ = a.connect()) {
      long token = controlA.info().token();
      controlA.device().moveTo(DeviceState.STOP_COPY);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> controlA.surrender(token + 2))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
      controlA.device().moveTo(DeviceState.RUNNING);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> controlA.surrender(token))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> controlA.release(token))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    }
  }

  @Test
  void refusesExportWithoutVmmAndImportWithVmm() throws Exception {
    try (TestServer a = serve("a");
        TestServer b = serve("b");
        ControlClient controlA = control("a");
        ControlClient controlB = control("b");
        VfioUserClient vmm = b.connect()) {
      controlA.device().moveTo(DeviceState.STOP_COPY);
      controlB.device().moveTo(DeviceState.STOP);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> controlA.passConnection(controlB))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN));
      controlA.device().moveTo(DeviceState.RUNNING);
      try (VfioUserClient _ = a.connect()) {
        controlA.device().moveTo(DeviceState.STOP_COPY);
        assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> controlA.passConnection(controlB))
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
        controlA.device().moveTo(DeviceState.RUNNING);
      }
      controlB.device().moveTo(DeviceState.RUNNING);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  /** The ids of the server's own commands continue, and the VMM's memory is reached by message. */
  @Test
  void movesMemoryByMessage() throws Exception {
    for (boolean twin : new boolean[] {false, true}) {
      try (TestServer a = serve("a" + twin);
          TestServer b = serve("b" + twin);
          ControlClient controlA = control("a" + twin);
          ControlClient controlB = control("b" + twin);
          VfioUserClient vmm = a.connect(ClientOptions.DEFAULT.withTwinSocket(twin));
          Arena arena = Arena.ofShared()) {
        MemorySegment guest = arena.allocate(4096, 4096);
        vmm.dma().map(RANGE.iova(), guest, true);
        ControlClient[] controls = {controlA, controlB};
        TestServer[] servers = {a, b};
        for (int i = 0; i < 6; i++) {
          servers[i % 2].device().memory().set(ValueLayout.JAVA_INT, 0, 500 + i);
          vmm.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, RANGE.iova());
          vmm.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 4096);
          vmm.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE);
          assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.STATUS)).isZero();
          assertThat(guest.get(ValueLayout.JAVA_INT, 0)).isEqualTo(500 + i);
          Swap.run(controls[i % 2], controls[(i + 1) % 2]);
        }
      }
    }
  }
}
