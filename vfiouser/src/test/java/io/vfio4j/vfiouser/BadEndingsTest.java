// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Structs.Feature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Clients that vanish, in each state of the device and each phase of a session. Afterwards the server holds what it
 * held before. {@code -Dvfio4j.endings=10000} has as many sessions end badly.
 */
class BadEndingsTest {

  private static final int SESSIONS = Integer.getInteger("vfio4j.endings", 400);
  private static final long IOVA = 0x10_0000;
  /** Buffers of thread-local use come and go; a connection forgotten would be 2 MiB, a message tens of KiB. */
  private static final long ALLOWED_KIB = 1024;

  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource
  void inEachStateNothingIsLeft(DeviceState state) throws Exception {
    SplittableRandom random = new SplittableRandom(state.wireValue());
    try (Served served = Served.in(folder); Fd guest = Memfd.create("guest", 4096);
        EventFd event = EventFd.create()) {
      served.assertServesNext();
      var fds = Resources.openFds();
      long mappings = Resources.mappings("/memfd:guest");
      for (BadEnding ending : BadEnding.values()) {
        int resets = served.device().resets;
        try (RawPeer peer = served.negotiated()) {
          setUp(peer, guest, event);
          reach(state, peer, served.device());
          assertThat(served.device().state()).isEqualTo(state);
          BadEnding.bringAbout(ending, peer, guest, random);
        }
        Waiting.until("the device is reset after " + ending, () -> served.device().resets > resets);
        assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING);
        Resources.awaitFds(fds);
        assertThat(Resources.mappings("/memfd:guest")).isEqualTo(mappings);
        served.log().clear();
      }
      served.assertServesNext();
    }
  }

  /** Memory of both kinds, interrupts, a log of writes. */
  private static void setUp(RawPeer peer, Fd guest, EventFd event) throws IOException {
    peer.done(Command.DMA_MAP, Body.dmaMap(7, 0, IOVA, 4096), guest);
    peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, BadEnding.OPAQUE, 4096));
    peer.done(Command.DEVICE_SET_IRQS, Body.irqSet(0x24, DeviceDescription.MSIX, 0, 2), event.fd(),
        event.fd());
    peer.done(Command.DEVICE_SET_IRQS, Body.irqSet(0x24, DeviceDescription.INTX, 0, 1), event.fd());
    peer.done(Command.DEVICE_FEATURE,
        Body.feature(Feature.DMA_LOGGING_START | Feature.SET, 32).u64(4096).u32(1, 0).u64(IOVA, 4096));
  }

  private static Body move(DeviceState state) {
    return Body.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), -1);
  }

  private static void reach(DeviceState state, RawPeer peer, TestDevice device) throws IOException {
    if (state == DeviceState.ERROR) {
      device.failure =
          new TestDevice.Failure(new Arc(DeviceState.RUNNING, DeviceState.RUNNING_P2P), Errno.EIO, true);
      peer.refused(Errno.EIO, Command.DEVICE_FEATURE, move(DeviceState.STOP));
      device.failure = null;
    } else {
      peer.done(Command.DEVICE_FEATURE, move(state));
    }
    if (state.isSaving()) {
      peer.done(Command.MIG_DATA_READ, Body.empty().u32(1008, 1000));
    } else if (state == DeviceState.RESUMING) {
      peer.done(Command.MIG_DATA_WRITE, Body.empty().u32(1008, 1000).zeros(1000));
    }
  }

  @Test
  @Timeout(1200)
  void howeverManyEndBadlyNothingIsLeft() throws Exception {
    Property.holdsFor(1, random -> {
      try (Served served = Served.in(folder); Fd guest = Memfd.create("guest", 4096);
          EventFd event = EventFd.create()) {
        endBadly(SESSIONS / 5, served, guest, event, random);
        settle(served);
        Held before = Held.now();
        endBadly(SESSIONS, served, guest, event, random);
        settle(served);
        Waiting.until("fds, threads and mappings are what they were", () -> Held.now().isLike(before));
        Held after = Held.now();
        System.out.printf("after %d sessions: %s%nafter %d more: %s%n", SESSIONS / 5, before, SESSIONS,
            after);
        assertThat(after.nativeKiB()).as("native memory, KiB").isLessThan(before.nativeKiB() + ALLOWED_KIB);
      }
    });
  }

  /** A client is let in after the last line about the one before it. */
  private static void settle(Served served) throws Exception {
    try (VfioUserClient client = served.connect()) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      served.log().clear();
    }
    served.assertServesNext();
  }

  /** What this process, which is server and clients, holds. */
  private record Held(Object fds, Object threads, long mappings, long nativeKiB) {

    static Held now() throws Exception {
      return new Held(Resources.openFds(), Resources.threads(), Resources.mappings("/memfd:"),
          Resources.nativeKiB());
    }

    boolean isLike(Held other) {
      return fds.equals(other.fds) && threads.equals(other.threads) && mappings == other.mappings;
    }
  }

  private static void endBadly(int sessions, Served served, Fd guest, EventFd event, RandomGenerator random)
      throws Exception {
    for (int i = 0; i < sessions; i++) {
      BadEnding ending = Property.oneOf(random, BadEnding.values());
      try (RawPeer peer = served.raw()) {
        if (random.nextInt(10) > 0) {
          peer.negotiate(random.nextInt(4) > 0 ? RawPeer.CAPABILITIES
              : "{\"capabilities\":{\"max_msg_fds\":8,\"twin_socket\":{\"supported\":true}}}");
          if (random.nextInt(5) > 0) {
            setUp(peer, guest, event);
          }
          reach(Property.oneOf(random, DeviceState.values()), peer, served.device());
        }
        BadEnding.bringAbout(ending, peer, guest, random);
      }
      served.log().clear();
    }
  }
}
