// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptsTest {

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
  private Served served;
  private RawPeer peer;

  @BeforeEach
  void connect() throws Exception {
    served = Served.in(folder);
    peer = served.negotiated();
    for (int i = 0; i < TestDevice.MSIX_COUNT; i++) {
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
    peer.done(Command.DEVICE_SET_IRQS, Body.irqSet(flags, index, start, count), fds);
  }

  private void assign(int index, int start, int count) throws Exception {
    set(EVENTFD | TRIGGER, index, start, count,
        vectors.subList(start, start + count).stream().map(EventFd::fd).toArray(Fd[]::new));
  }

  private void act(int what, int length) throws Exception {
    peer.done(Command.REGION_WRITE, Body.regionAccess(0, TestDevice.LENGTH, 4).u32(length));
    peer.done(Command.REGION_WRITE, Body.regionAccess(0, TestDevice.DO, 4).u32(what));
  }

  private void raiseAll() throws Exception {
    for (int i = 0; i < TestDevice.MSIX_COUNT; i++) {
      act(TestDevice.RAISE_MSIX, i);
    }
  }

  /** Which vectors were heard since the last time, as in "..x.....". */
  private String heard() throws LinuxException {
    StringBuilder heard = new StringBuilder();
    for (EventFd vector : vectors) {
      long count = vector.drain();
      heard.append(count == 0 ? "." : count == 1 ? "x" : "" + count);
    }
    return heard.toString();
  }

  @Test
  void vectorsAreAssignedInRanges() throws Exception {
    assign(MSIX, 0, 1);
    raiseAll();
    assertThat(heard()).isEqualTo("x.......");
    assign(MSIX, 3, 4);
    raiseAll();
    assertThat(heard()).isEqualTo("x..xxxx.");
    set(EVENTFD | TRIGGER, MSIX, 4, 2);
    raiseAll();
    assertThat(heard()).isEqualTo("x..x..x.");
    set(NONE | TRIGGER, MSIX, 0, 0);
    raiseAll();
    assertThat(heard()).isEqualTo("........");
  }

  /** QEMU does so before it knows its first vector. */
  @Test
  void msixMayBeEnabledWithoutAnEventFd() throws Exception {
    set(EVENTFD | TRIGGER, MSIX, 0, 1);
    raiseAll();
    assign(MSIX, 0, 1);
    raiseAll();
    assertThat(heard()).isEqualTo("x.......");
  }

  @Test
  void anEventFdIsReplacedAndTheOldOneClosed() throws Exception {
    var before = Resources.openFds();
    assign(MSIX, 0, 8);
    for (int i = 0; i < 20; i++) {
      assign(MSIX, 0, 8);
    }
    raiseAll();
    assertThat(heard()).isEqualTo("xxxxxxxx");
    set(NONE | TRIGGER, MSIX, 0, 0);
    assertThat(Resources.openFds()).isEqualTo(before);
  }

  @Test
  void theClientMayTriggerThemItself() throws Exception {
    assign(MSIX, 0, 8);
    set(NONE | TRIGGER, MSIX, 1, 2);
    assertThat(heard()).isEqualTo(".xx.....");
    peer.done(Command.DEVICE_SET_IRQS,
        Body.irqSet(BOOL | TRIGGER, MSIX, 2, 4).bytes((byte) 1, (byte) 0, (byte) 0, (byte) 0xff));
    assertThat(heard()).isEqualTo("..x..x..");
  }

  @Test
  void intxFiresOnceAndIsMaskedUntilItIsUnmasked() throws Exception {
    assign(INTX, 0, 1);
    act(TestDevice.INTX_HIGH, 0);
    act(TestDevice.INTX_HIGH, 0);
    assertThat(heard()).isEqualTo("x.......");
    set(NONE | UNMASK, INTX, 0, 1);
    assertThat(heard()).as("still high: it fires again").isEqualTo("x.......");
    act(TestDevice.INTX_LOW, 0);
    set(NONE | UNMASK, INTX, 0, 1);
    assertThat(heard()).as("low: it must not fire").isEqualTo("........");
    act(TestDevice.INTX_HIGH, 0);
    assertThat(heard()).isEqualTo("x.......");
  }

  @Test
  void intxDoesNotFireWhileItIsMasked() throws Exception {
    assign(INTX, 0, 1);
    set(NONE | MASK, INTX, 0, 1);
    act(TestDevice.INTX_HIGH, 0);
    assertThat(heard()).isEqualTo("........");
    peer.done(Command.DEVICE_SET_IRQS, Body.irqSet(BOOL | UNMASK, INTX, 0, 1).bytes((byte) 0));
    assertThat(heard()).isEqualTo("........");
    peer.done(Command.DEVICE_SET_IRQS, Body.irqSet(BOOL | UNMASK, INTX, 0, 1).bytes((byte) 1));
    assertThat(heard()).isEqualTo("x.......");
  }

  @Test
  void intxThatIsHighAlreadyFiresWhenSomebodyListens() throws Exception {
    act(TestDevice.INTX_HIGH, 0);
    assign(INTX, 0, 1);
    assertThat(heard()).isEqualTo("x.......");
  }

  @Test
  void whatIsFullOrNoEventFdStopsNobody() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket full = pair.one(); UnixSocket other = pair.other(); Arena arena = Arena.ofConfined()) {
      fill(full, arena.allocate(4096));
      set(EVENTFD | TRIGGER, MSIX, 0, 1, full.fd());
      raiseAll();
      assertThat(served.log()).isEmpty();
      assertThat(other.fd().isOpen()).isTrue();
    }
    // Now the other end is gone, and writing fails.
    raiseAll();
    assertThat(served.log().take()).startsWith("interrupt 2/0 is dropped from now on: ").contains("EPIPE");
    raiseAll();
    peer.close();
    served.assertServesNext();
  }

  private static void fill(UnixSocket socket, MemorySegment piece) throws LinuxException {
    socket.sendTimeout(Duration.ofMillis(1));
    try {
      while (true) {
        socket.send(piece, MemorySegment.NULL, List.of());
      }
    } catch (LinuxException e) {
      assertThat(e.errno()).isEqualTo(Errno.ETIMEDOUT);
    }
  }
}
