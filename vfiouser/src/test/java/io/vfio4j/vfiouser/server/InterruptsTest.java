// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientIrqs;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterruptsTest {

  /** The first vectors of the device, which the tests monitor. */
  private static final int VECTORS = 8;
  private static final int NONE = 1;
  private static final int BOOL = 2;
  private static final int EVENTFD = 4;
  private static final int MASK = 8;
  private static final int UNMASK = 0x10;
  private static final int TRIGGER = 0x20;
  private static final int INTX = DeviceDescription.INTX;
  private static final int MSIX = DeviceDescription.MSIX;

  @TempDir
  private Path folder;
  private final List<EventFd> vectors = new ArrayList<>();
  private TestServer served;
  private RawPeer peer;

  @BeforeEach
  void connect() throws Exception {
    served = TestServer.start(folder);
    peer = served.connectNegotiated();
    for (int i = 0; i < VECTORS; i++) {
      vectors.add(EventFd.create());
    }
  }

  @AfterEach
  void end() throws Exception {
    peer.close();
    served.close();
    vectors.forEach(EventFd::close);
  }

  private void set(int flags, int index, int start, int count, Fd... fds) throws Exception {
    peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(flags, index, start, count), fds);
  }

  private void assign(int index, int start, int count) throws Exception {
    set(EVENTFD | TRIGGER, index, start, count,
        vectors.subList(start, start + count).stream().map(EventFd::fd).toArray(Fd[]::new));
  }

  private void apply(int what, int length) throws Exception {
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.LENGTH, 4).u32(length));
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(what));
  }

  private void raiseAll() throws Exception {
    for (int i = 0; i < VECTORS; i++) {
      apply(TestDevice.RAISE_MSIX, i);
    }
  }

  /** The vectors that fired since the last call, such as "..x.....". */
  private String signalCounts() throws LinuxException {
    StringBuilder fired = new StringBuilder();
    for (EventFd vector : vectors) {
      long count = vector.drain();
      fired.append(count == 0 ? "." : count == 1 ? "x" : "" + count);
    }
    return fired.toString();
  }

  @Test
  void assignsVectorRanges() throws Exception {
    assign(MSIX, 0, 1);
    raiseAll();
    assertThat(signalCounts()).isEqualTo("x.......");
    assign(MSIX, 3, 4);
    raiseAll();
    assertThat(signalCounts()).isEqualTo("x..xxxx.");
    set(EVENTFD | TRIGGER, MSIX, 4, 2);
    raiseAll();
    assertThat(signalCounts()).isEqualTo("x..x..x.");
    set(NONE | TRIGGER, MSIX, 0, 0);
    raiseAll();
    assertThat(signalCounts()).isEqualTo("........");
  }

  /** QEMU does so before it knows its first vector. */
  @Test
  void enablesMsixWithoutEventFd() throws Exception {
    set(EVENTFD | TRIGGER, MSIX, 0, 1);
    raiseAll();
    assign(MSIX, 0, 1);
    raiseAll();
    assertThat(signalCounts()).isEqualTo("x.......");
  }

  @Test
  void replacesAndClosesEventFd() throws Exception {
    var before = ProcessResources.openFds();
    assign(MSIX, 0, 8);
    for (int i = 0; i < 20; i++) {
      assign(MSIX, 0, 8);
    }
    raiseAll();
    assertThat(signalCounts()).isEqualTo("xxxxxxxx");
    set(NONE | TRIGGER, MSIX, 0, 0);
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }

  /** argsz includes the data that follows, unless that is descriptors. */
  private static MessageBytes bools(int action, int index, int start, int count) {
    return MessageBytes.empty().u32(20 + count, BOOL | action, index, start, count);
  }

  @Test
  void triggersFromClient() throws Exception {
    assign(MSIX, 0, 8);
    set(NONE | TRIGGER, MSIX, 1, 2);
    assertThat(signalCounts()).isEqualTo(".xx.....");
    peer.succeed(Command.DEVICE_SET_IRQS,
        bools(TRIGGER, MSIX, 2, 4).bytes((byte) 1, (byte) 0, (byte) 0, (byte) 0xff));
    assertThat(signalCounts()).isEqualTo("..x..x..");
  }

  @Test
  void masksIntxAfterFiring() throws Exception {
    assign(INTX, 0, 1);
    apply(TestDevice.INTX_HIGH, 0);
    apply(TestDevice.INTX_HIGH, 0);
    assertThat(signalCounts()).isEqualTo("x.......");
    set(NONE | UNMASK, INTX, 0, 1);
    assertThat(signalCounts()).as("still high: it fires again").isEqualTo("x.......");
    apply(TestDevice.INTX_LOW, 0);
    set(NONE | UNMASK, INTX, 0, 1);
    assertThat(signalCounts()).as("low: it must not fire").isEqualTo("........");
    apply(TestDevice.INTX_HIGH, 0);
    assertThat(signalCounts()).isEqualTo("x.......");
  }

  @Test
  void suppressesMaskedIntx() throws Exception {
    assign(INTX, 0, 1);
    set(NONE | MASK, INTX, 0, 1);
    apply(TestDevice.INTX_HIGH, 0);
    assertThat(signalCounts()).isEqualTo("........");
    peer.succeed(Command.DEVICE_SET_IRQS, bools(UNMASK, INTX, 0, 1).bytes((byte) 0));
    assertThat(signalCounts()).isEqualTo("........");
    peer.succeed(Command.DEVICE_SET_IRQS, bools(UNMASK, INTX, 0, 1).bytes((byte) 1));
    assertThat(signalCounts()).isEqualTo("x.......");
  }

  @Test
  void firesPendingIntxOnAssign() throws Exception {
    apply(TestDevice.INTX_HIGH, 0);
    assign(INTX, 0, 1);
    assertThat(signalCounts()).isEqualTo("x.......");
  }

  /** As a hypervisor that forwards the guest's end of interrupt by an eventfd. */
  @Test
  void masksIntxByEventFds() throws Exception {
    EventFd masking = vectors.get(6);
    EventFd unmasking = vectors.get(7);
    assign(INTX, 0, 1);
    set(EVENTFD | UNMASK, INTX, 0, 1, unmasking.fd());
    set(EVENTFD | MASK, INTX, 0, 1, masking.fd());
    apply(TestDevice.INTX_HIGH, 0);
    assertThat(vectors.get(0).drain()).isEqualTo(1);
    unmasking.signal();
    peer.assertNoReply();
    assertThat(vectors.get(0).drain()).as("still high: it fires again").isEqualTo(1);
    apply(TestDevice.INTX_LOW, 0);
    unmasking.signal();
    masking.signal();
    apply(TestDevice.INTX_HIGH, 0);
    assertThat(vectors.get(0).drain()).as("masked").isZero();
    unmasking.signal();
    Await.until("it fires though no message comes", () -> vectors.get(0).drain() == 1);
    assertThat(unmasking.drain()).as("never read by the server").isEqualTo(3);

    set(EVENTFD | UNMASK, INTX, 0, 1);
    unmasking.signal();
    peer.assertNoReply();
    assertThat(vectors.get(0).drain()).as("disabled").isZero();
    set(NONE | UNMASK, INTX, 0, 1);
    assertThat(vectors.get(0).drain()).isEqualTo(1);
  }

  @Test
  void replacesAndDropsMaskEventFds() throws Exception {
    var before = ProcessResources.openFds();
    Fd event = vectors.get(7).fd();
    for (int i = 0; i < 20; i++) {
      set(EVENTFD | UNMASK, INTX, 0, 1, event);
      set(EVENTFD | MASK, INTX, 0, 1, event);
    }
    peer.assertRefused(Errno.EINVAL, Command.DEVICE_SET_IRQS,
        MessageBytes.irqSet(EVENTFD | UNMASK, INTX, 0, 1), event,
        event);
    try (Fd file = Memfd.create("no eventfd", 4096)) {
      peer.assertRefused(new Errno(1), Command.DEVICE_SET_IRQS,
          MessageBytes.irqSet(EVENTFD | UNMASK, INTX, 0, 1), file);
    }
    set(NONE | TRIGGER, INTX, 0, 0);
    assign(INTX, 0, 1);
    apply(TestDevice.INTX_HIGH, 0);
    vectors.get(7).signal();
    peer.assertNoReply();
    assertThat(vectors.get(0).drain()).as("fired once, and stays masked").isEqualTo(1);
    set(NONE | TRIGGER, INTX, 0, 0);
    peer.close();
    // The connection, and the epoll.
    ProcessResources.awaitFds(without(before, "socket", 2));
  }

  private static Map<String, Long> without(Map<String, Long> open, String what, long count) {
    Map<String, Long> fewer = new TreeMap<>(open);
    fewer.computeIfPresent(what, (key, before) -> before == count ? null : before - count);
    return fewer;
  }

  /** The vfio4j client sends every request that an index supports. */
  @Test
  void sendsEveryIrqAction() throws Exception {
    peer.close();
    try (VfioUserClient client = served.connect()) {
      ClientIrqs irqs = client.irqs();
      irqs.assign(MSIX, 0, vectors);
      irqs.apply(IrqAction.TRIGGER, MSIX, 2, 3);
      assertThat(signalCounts()).isEqualTo("..xxx...");
      irqs.apply(IrqAction.TRIGGER, MSIX, 1, new boolean[] {true, false, false, true});
      assertThat(signalCounts()).isEqualTo(".x..x...");
      irqs.disconnect(IrqAction.TRIGGER, MSIX, 3, 2);
      irqs.apply(IrqAction.TRIGGER, MSIX, 0, 8);
      assertThat(signalCounts()).isEqualTo("xxx..xxx");
      irqs.disable(MSIX);
      irqs.apply(IrqAction.TRIGGER, MSIX, 0, 8);
      assertThat(signalCounts()).isEqualTo("........");
      irqs.assign(TestDevice.REQUEST, 0, vectors.subList(5, 6));
      irqs.apply(IrqAction.TRIGGER, TestDevice.REQUEST, 0, 1);
      assertThat(signalCounts()).isEqualTo(".....x..");

      irqs.assign(INTX, 0, vectors.subList(0, 1));
      irqs.apply(IrqAction.MASK, INTX, 0, 1);
      client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.INTX_HIGH);
      irqs.apply(IrqAction.UNMASK, INTX, 0, new boolean[] {false});
      assertThat(signalCounts()).isEqualTo("........");
      irqs.apply(IrqAction.UNMASK, INTX, 0, new boolean[] {true});
      assertThat(signalCounts()).isEqualTo("x.......");
      irqs.connect(IrqAction.UNMASK, INTX, 0, vectors.subList(7, 8));
      vectors.get(7).signal();
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
      assertThat(signalCounts()).isEqualTo("x......x");
      irqs.disconnect(IrqAction.UNMASK, INTX, 0, 1);

      assertRefused(() -> irqs.apply(IrqAction.MASK, MSIX, 0, 1));
      assertRefused(() -> irqs.apply(IrqAction.TRIGGER, MSIX, TestDevice.MSIX_COUNT - 1, 2));
      assertRefused(() -> irqs.assign(MSIX, TestDevice.MSIX_COUNT - 1, vectors.subList(0, 2)));
      assertRefused(() -> irqs.apply(IrqAction.TRIGGER, 1, 0, 1));
      assertRefused(() -> irqs.disable(5));
    }
  }

  private static void assertRefused(ThrowingCallable what) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(what)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8, 100})
  void splitsVectorsAcrossMessages(int maxMsgFds) throws Exception {
    peer.close();
    Limits limits = new Limits(maxMsgFds, 64, 65535, 1 << 20);
    try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withLimits(limits))) {
      assertThat(client.limits().maxMsgFds()).isEqualTo(Math.min(8, maxMsgFds));
      var before = ProcessResources.openFds();
      List<EventFd> many = new ArrayList<>();
      while (many.size() < TestDevice.MSIX_COUNT) {
        many.addAll(vectors);
      }
      client.irqs().assign(MSIX, 0, many);
      boolean[] odd = new boolean[TestDevice.MSIX_COUNT];
      for (int i = 1; i < odd.length; i += 2) {
        odd[i] = true;
      }
      client.irqs().apply(IrqAction.TRIGGER, MSIX, 0, odd);
      int each = TestDevice.MSIX_COUNT / vectors.size();
      for (int i = 0; i < vectors.size(); i++) {
        assertThat(vectors.get(i).drain()).as("vector " + i).isEqualTo(i % 2 == 0 ? 0 : each);
      }
      assertRefused(() -> client.irqs().assign(MSIX, 1, many));
      client.irqs().disable(MSIX);
      assertThat(ProcessResources.openFds()).isEqualTo(before);
    }
  }

  @Test
  void sendsNoDescriptorsWhenLimitIsZero() throws Exception {
    peer.close();
    Limits none = new Limits(0, 1 << 20, 65535, 1 << 20);
    try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withLimits(none))) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> client.irqs().assign(MSIX, 0, vectors))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EOPNOTSUPP));
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  @Test
  void dropsInvalidEventFd() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket socket = pair.one(); UnixSocket other = pair.other()) {
      set(EVENTFD | TRIGGER, MSIX, 0, 1, socket.fd());
      raiseAll();
      assertThat(served.log().take()).startsWith("interrupt 2/0 is disabled, because its eventfd failed: ")
          .contains("EINVAL");
      assertThat(other.fd().isOpen()).isTrue();
    }
    raiseAll();
    peer.close();
    served.assertServesNext();
  }
}
