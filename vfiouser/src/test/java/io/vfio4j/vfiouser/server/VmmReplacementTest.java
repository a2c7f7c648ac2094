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
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.HandoverAction;
import io.vfio4j.vfiouser.client.HandoverInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.Await;
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

/** A second VMM takes the place of the first, and the device does not notice. */
@Timeout(60)
class VmmReplacementTest {

  private static final int PAGE = 4096;
  private static final IovaRange RANGE = new IovaRange(0x10_0000, 2 * PAGE);

  @TempDir
  private Path folder;

  private TestServer serve(Duration grace) throws Exception {
    return TestServer.start(folder,
        ServerOptions.DEFAULT.withControl(folder.resolve("control")).withHandover(grace));
  }

  private ControlClient control() throws DeviceException {
    return ControlClient.connect(folder.resolve("control"), ClientOptions.DEFAULT);
  }

  private static HandoverInfo awaitCandidate(ControlClient control) throws Exception {
    Await.until("a candidate is connected",
        () -> control.handoverInfo().orElseThrow().candidate().isPresent());
    return control.handoverInfo().orElseThrow();
  }

  private static void write(VfioUserClient vmm, int value, TestServer server) throws DeviceException {
    vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, value);
    assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(value);
    assertThat(server.device().state()).isEqualTo(DeviceState.RUNNING);
  }

  private static void writeMemory(VfioUserClient vmm, TestServer server, int value) throws DeviceException {
    server.device().memory().set(ValueLayout.JAVA_INT, 0, value);
    vmm.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, RANGE.iova());
    vmm.writeInt(TestDevice.BAR0, TestDevice.LENGTH, PAGE);
    vmm.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE);
    assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.STATUS)).isZero();
  }

  @Test
  void exchangesOwnerAndCandidate() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        VfioUserClient one = server.connect();
        Arena arena = Arena.ofConfined();
        Fd memory = Memfd.create("guest", RANGE.length());
        EventFd intxOfOne = EventFd.create();
        EventFd msixOfOne = EventFd.create();
        EventFd intxOfTwo = EventFd.create();
        EventFd msixOfTwo = EventFd.create()) {
      MemorySegment guest = MemoryMap.shared(memory, 0, RANGE.length(), true, arena);
      one.dma().map(RANGE, memory, 0, true);
      one.irqs().assign(0, 0, List.of(intxOfOne));
      one.irqs().assign(2, 3, List.of(msixOfOne));
      write(one, 1, server);
      one.writeInt(TestDevice.CONFIG, 0x3c, 0x0b);
      try (VfioUserClient two = server.connect()) {
        two.reset();
        // The same memory in other pieces and another order, and registers only of config space.
        two.dma().map(new IovaRange(RANGE.iova() + PAGE, PAGE), memory, PAGE, true);
        two.dma().map(new IovaRange(RANGE.iova(), PAGE), memory, 0, true);
        two.irqs().assign(0, 0, List.of(intxOfTwo));
        two.irqs().assign(2, 3, List.of(msixOfTwo));
        two.writeInt(TestDevice.CONFIG, 0x3c, 0x0c);
        assertThat(two.readInt(TestDevice.CONFIG, 0x3c) & 0xff).isEqualTo(0x0c);
        assertThat(one.readInt(TestDevice.CONFIG, 0x3c) & 0xff).isEqualTo(0x0b);
        assertThatExceptionOfType(DeviceException.class)
            .isThrownBy(() -> two.readInt(TestDevice.BAR0, TestDevice.SCRATCH))
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
        VfioUserClient[] vmms = {one, two};
        long epoch = control.handoverInfo().orElseThrow().epoch();
        assertThat(epoch).isEqualTo(1);
        for (int i = 0; i < 20; i++) {
          VfioUserClient next = vmms[(i + 1) % 2];
          HandoverInfo info = awaitCandidate(control);
          assertThat(info.candidate().orElseThrow().mappings()).isEqualTo(i % 2 == 0 ? 2 : 1);
          long token = info.candidate().orElseThrow().token();
          assertThat(control.handOver(HandoverAction.DRY_RUN, token).epoch()).isEqualTo(epoch + i);
          assertThat(control.handOver(HandoverAction.COMMIT, token).epoch()).isEqualTo(epoch + i + 1);
          assertThat(control.info().token()).isEqualTo(token);
          assertThat(next.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(i == 0 ? 1 : 99 + i);
          write(next, 100 + i, server);
          writeMemory(next, server, 1000 + i);
          assertThat(guest.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1000 + i);
          assertThat(next.readInt(TestDevice.CONFIG, 0x3c) & 0xff).isEqualTo(0x0b);
        }
      }
    }
  }

  @Test
  void listsWhatTheCandidateLacks() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        VfioUserClient one = server.connect();
        Fd memory = Memfd.create("guest", RANGE.length());
        Fd other = Memfd.create("other", RANGE.length());
        EventFd irq = EventFd.create()) {
      one.dma().map(RANGE, memory, 0, true);
      one.irqs().assign(2, 1, List.of(irq));
      assertRefused(control, Errno.ENOTCONN, "no second VMM");
      try (VfioUserClient two = server.connect()) {
        awaitCandidate(control);
        assertRefused(control, Errno.EINVAL, "0x100000+0x2000 is not mapped; MSI-X {1} is not enabled");
        two.dma().map(new IovaRange(RANGE.iova(), PAGE), other, 0, true);
        two.dma().map(new IovaRange(RANGE.iova() + PAGE, PAGE), memory, PAGE, false);
        try (EventFd file = EventFd.of(Memfd.create("no eventfd", PAGE))) {
          two.irqs().assign(2, 1, List.of(file));
        }
        assertRefused(control, Errno.EINVAL, "0x100000+0x1000 is other memory than the owner's; "
            + "0x101000+0x1000 is not mapped for writing; the descriptor of interrupt 2/1 is not an eventfd");
        assertThatExceptionOfType(DeviceException.class)
            .isThrownBy(() -> control.handOver(HandoverAction.COMMIT, 12345))
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
        write(one, 7, server);
      }
    }
  }

  private static void assertRefused(ControlClient control, Errno errno, String reason) {
    assertThatExceptionOfType(DeviceException.class)
        .isThrownBy(() -> control.handOver(HandoverAction.COMMIT, 0)).satisfies(e -> {
          assertThat(e.errno()).isEqualTo(errno);
          assertThat(e.reason().orElseThrow()).contains(reason);
        });
  }

  /** What the owner before sends, and its end, affect only what is its own. */
  @Test
  void ownerBeforeHasNoEffect() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        Fd memory = Memfd.create("guest", RANGE.length());
        EventFd irqOfOne = EventFd.create();
        EventFd irqOfTwo = EventFd.create()) {
      VfioUserClient one = server.connect();
      one.dma().map(RANGE, memory, 0, true);
      one.irqs().assign(2, 0, List.of(irqOfOne));
      write(one, 41, server);
      try (VfioUserClient two = server.connect()) {
        two.dma().map(RANGE, memory, 0, true);
        two.irqs().assign(2, 0, List.of(irqOfTwo));
        control.handOver(HandoverAction.COMMIT, 0);
        awaitCandidate(control);
        one.irqs().disable(2);
        one.dma().unmap(RANGE);
        one.reset();
        one.close();
        Await.until("the owner before is gone",
            () -> control.handoverInfo().orElseThrow().candidate().isEmpty());
        assertThat(two.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(41);
        writeMemory(two, server, 5);
        assertThat(control.info().vmm().orElseThrow().isEnabled(2)).isTrue();
        try (VfioUserClient three = server.connect()) {
          three.dma().map(RANGE, memory, 0, true);
          three.irqs().assign(2, 0, List.of(irqOfOne));
          control.handOver(HandoverAction.COMMIT, 0);
          assertThat(three.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(41);
        }
      }
    }
  }

  @Test
  void disconnectsTheCandidate() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        VfioUserClient one = server.connect();
        VfioUserClient two = server.connect()) {
      write(one, 3, server);
      awaitCandidate(control);
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> VfioUserClient.connect(server.path(), ClientOptions.DEFAULT))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      control.handOver(HandoverAction.ABORT, 0);
      Await.until("the candidate is gone", () -> control.handoverInfo().orElseThrow().candidate().isEmpty());
      assertThatExceptionOfType(DeviceException.class).isThrownBy(two::reset);
      write(one, 4, server);
      try (VfioUserClient three = server.connect()) {
        control.handOver(HandoverAction.COMMIT, 0);
        write(three, 5, server);
      }
    }
  }

  /** The connection of a device with a second VMM is not passed on to another server. */
  @Test
  void isNotSwappedWithCandidate() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        VfioUserClient one = server.connect();
        VfioUserClient _ = server.connect()) {
      write(one, 3, server);
      awaitCandidate(control);
      control.device().moveTo(DeviceState.STOP_COPY);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> control.passConnection(control))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      assertRefused(control, Errno.EBUSY, "the device is being moved; it is in STOP_COPY");
      control.device().moveTo(DeviceState.RUNNING);
      write(one, 4, server);
    }
  }

  /** Within the grace time, the device waits for a candidate that has all that the lost owner had. */
  @Test
  void candidateOwnsAnOrphanedDevice() throws Exception {
    try (TestServer server = serve(Duration.ofSeconds(30));
        ControlClient control = control();
        Fd memory = Memfd.create("guest", RANGE.length())) {
      try (VfioUserClient one = server.connect()) {
        one.dma().map(RANGE, memory, 0, true);
        write(one, 77, server);
      }
      Await.until("the device waits", () -> control.handoverInfo().orElseThrow().isOrphaned());
      assertThat(server.device().state()).isEqualTo(DeviceState.STOP);
      try (VfioUserClient two = server.connect()) {
        awaitCandidate(control);
        two.reset();
        two.dma().map(RANGE, memory, 0, true);
        Await.until("it has an owner", () -> !control.handoverInfo().orElseThrow().isOrphaned());
        assertThat(two.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(77);
        writeMemory(two, server, 6);
        write(two, 78, server);
      }
    }
  }

  /** After the grace time the device is reset, and a candidate that lacks something owns it as it is then. */
  @Test
  void deviceIsResetAfterTheGraceTime() throws Exception {
    try (TestServer server = serve(Duration.ofMillis(50));
        ControlClient control = control();
        Fd memory = Memfd.create("guest", RANGE.length())) {
      VfioUserClient one = server.connect();
      one.dma().map(RANGE, memory, 0, true);
      write(one, 77, server);
      try (VfioUserClient two = server.connect()) {
        awaitCandidate(control);
        two.writeInt(TestDevice.CONFIG, 0x3c, 0x0d);
        one.close();
        Await.until("it has an owner", () -> control.handoverInfo().orElseThrow().candidate().isEmpty());
        assertThat(two.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
        assertThat(two.readInt(TestDevice.CONFIG, 0x3c) & 0xff).isEqualTo(0x0d);
        write(two, 9, server);
      }
      Await.until("the device waits, or is free", () -> control.info().vmm().isEmpty());
      try (VfioUserClient three = server.connect()) {
        Await.until("it has an owner", () -> control.info().vmm().isPresent());
        write(three, 10, server);
      }
    }
  }

  /** An interrupt that the owner before may not have delivered is signalled to the new owner, once. */
  @Test
  void repeatsSignals() throws Exception {
    try (TestServer server = serve(Duration.ZERO);
        ControlClient control = control();
        EventFd msixOfOne = EventFd.create();
        EventFd silentOfOne = EventFd.create();
        EventFd intxOfOne = EventFd.create();
        EventFd msixOfTwo = EventFd.create();
        EventFd silentOfTwo = EventFd.create();
        EventFd intxOfTwo = EventFd.create();
        VfioUserClient one = server.connect()) {
      one.irqs().assign(2, 0, List.of(msixOfOne, silentOfOne));
      one.irqs().assign(0, 0, List.of(intxOfOne));
      one.writeInt(TestDevice.BAR0, TestDevice.LENGTH, 0);
      one.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.RAISE_MSIX);
      one.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.INTX_HIGH);
      assertThat(msixOfOne.await(Duration.ofSeconds(10))).isTrue();
      assertThat(intxOfOne.await(Duration.ofSeconds(10))).isTrue();
      try (VfioUserClient two = server.connect()) {
        two.irqs().assign(2, 0, List.of(msixOfTwo, silentOfTwo));
        two.irqs().assign(0, 0, List.of(intxOfTwo));
        control.handOver(HandoverAction.COMMIT, 0);
        assertThat(msixOfTwo.drain()).isEqualTo(1);
        assertThat(intxOfTwo.drain()).isEqualTo(1);
        assertThat(silentOfTwo.drain()).isZero();
      }
    }
  }
}
