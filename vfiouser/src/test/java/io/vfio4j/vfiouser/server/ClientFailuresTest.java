// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.testing.Await;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs.Feature;
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
 * Clients that fail, in each state of the device and each phase of a connection. Afterwards the server holds
 * the same resources as before. {@code -Dvfio4j.endings=10000} sets the number of connections.
 */
class ClientFailuresTest {

  private static final int CONNECTIONS = Integer.getInteger("vfio4j.endings", 400);
  private static final long IOVA = 0x10_0000;
  /** Allows for thread-local buffers; a leaked connection would be 2 MiB, a leaked message tens of KiB. */
  private static final long ALLOWED_KIB = 1024;

  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource
  void releasesResourcesInEachState(DeviceState state) throws Exception {
    SplittableRandom random = new SplittableRandom(state.wireValue());
    try (TestServer served = TestServer.start(folder); Fd guest = Memfd.create("guest", 4096);
        EventFd event = EventFd.create()) {
      served.assertServesNext();
      var fds = ProcessResources.openFds();
      long mappings = ProcessResources.mappings("/memfd:guest");
      for (ClientFailure ending : ClientFailure.values()) {
        int resets = served.device().resets;
        try (RawPeer peer = served.connectNegotiated()) {
          setUp(peer, guest, event);
          moveToState(state, peer, served.device());
          assertThat(served.device().state()).isEqualTo(state);
          ClientFailure.execute(ending, peer, guest, random);
        }
        Await.until("the device is reset after " + ending, () -> served.device().resets > resets);
        assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING);
        ProcessResources.awaitFds(fds);
        assertThat(ProcessResources.mappings("/memfd:guest")).isEqualTo(mappings);
        served.log().clear();
      }
      served.assertServesNext();
    }
  }

  /** Maps memory of both kinds, sets interrupts, starts the DMA log. */
  private static void setUp(RawPeer peer, Fd guest, EventFd event) throws IOException {
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(7, 0, IOVA, 4096), guest);
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, ClientFailure.OPAQUE, 4096));
    peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, DeviceDescription.MSIX, 0, 2), event.fd(),
        event.fd());
    peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, DeviceDescription.INTX, 0, 1),
        event.fd());
    peer.succeed(Command.DEVICE_FEATURE,
        MessageBytes.feature(Feature.DMA_LOGGING_START | Feature.SET, 32).u64(4096).u32(1, 0).u64(IOVA,
            4096));
  }

  private static MessageBytes move(DeviceState state) {
    return MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), -1);
  }

  private static void moveToState(DeviceState state, RawPeer peer, TestDevice device) throws IOException {
    if (state == DeviceState.ERROR) {
      device.failure =
          new TestDevice.Failure(new Arc(DeviceState.RUNNING, DeviceState.RUNNING_P2P), Errno.EIO, true);
      peer.assertRefused(Errno.EIO, Command.DEVICE_FEATURE, move(DeviceState.STOP));
      device.failure = null;
    } else {
      peer.succeed(Command.DEVICE_FEATURE, move(state));
    }
    if (state.isSaving()) {
      peer.succeed(Command.MIG_DATA_READ, MessageBytes.empty().u32(1008, 1000));
    } else if (state == DeviceState.RESUMING) {
      peer.succeed(Command.MIG_DATA_WRITE, MessageBytes.empty().u32(1008, 1000).zeros(1000));
    }
  }

  @Test
  @Timeout(1200)
  void releasesResourcesOfManyFailedClients() throws Exception {
    Property.holdsFor(1, random -> {
      try (TestServer served = TestServer.start(folder); Fd guest = Memfd.create("guest", 4096);
          EventFd event = EventFd.create()) {
        fail(CONNECTIONS / 5, served, guest, event, random);
        settle(served);
        ResourceUsage before = ResourceUsage.now();
        fail(CONNECTIONS, served, guest, event, random);
        settle(served);
        Await.until("fds, threads and mappings are what they were",
            () -> ResourceUsage.now().isSimilarTo(before));
        ResourceUsage after = ResourceUsage.now();
        System.out.printf("after %d sessions: %s%nafter %d more: %s%n", CONNECTIONS / 5, before, CONNECTIONS,
            after);
        assertThat(after.nativeKiB()).as("native memory, KiB").isLessThan(before.nativeKiB() + ALLOWED_KIB);
      }
    });
  }

  /** A client is admitted after the last log line of the previous one. */
  private static void settle(TestServer served) throws Exception {
    try (VfioUserClient client = served.connect()) {
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      served.log().clear();
    }
    served.assertServesNext();
  }

  /** The resources of this process, which is server and clients. */
  private record ResourceUsage(Object fds, Object threads, long mappings, long nativeKiB) {

    static ResourceUsage now() throws Exception {
      return new ResourceUsage(ProcessResources.openFds(), ProcessResources.threads(),
          ProcessResources.mappings("/memfd:"),
          ProcessResources.nativeKiB());
    }

    boolean isSimilarTo(ResourceUsage other) {
      return fds.equals(other.fds) && threads.equals(other.threads) && mappings == other.mappings;
    }
  }

  private static void fail(int sessions, TestServer served, Fd guest, EventFd event, RandomGenerator random)
      throws Exception {
    for (int i = 0; i < sessions; i++) {
      ClientFailure ending = Property.oneOf(random, ClientFailure.values());
      try (RawPeer peer = served.connectRaw()) {
        if (random.nextInt(10) > 0) {
          peer.negotiate(random.nextInt(4) > 0 ? RawPeer.CAPABILITIES
              : "{\"capabilities\":{\"max_msg_fds\":8,\"twin_socket\":{\"supported\":true}}}");
          if (random.nextInt(5) > 0) {
            setUp(peer, guest, event);
          }
          moveToState(Property.oneOf(random, DeviceState.values()), peer, served.device());
        }
        ClientFailure.execute(ending, peer, guest, random);
      }
      served.log().clear();
    }
  }
}
