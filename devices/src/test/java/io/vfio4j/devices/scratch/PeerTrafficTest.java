// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.MEMORY_BAR;
import static io.vfio4j.devices.scratch.ScratchLayout.REGISTERS_BAR;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.DmaOptions;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two served devices, of which one writes to BAR2 of the other. */
@Timeout(60)
class PeerTrafficTest {

  private static final int MEMORY_SIZE = 1 << 20;
  /** More slots than are written during a test, so that none is written twice. */
  private static final int SLOTS = MEMORY_SIZE / Long.BYTES;
  private static final int RATE = 2000;
  private static final IovaRange PEER = new IovaRange(0x10_0000, MEMORY_SIZE);
  private static final IovaRange HOST = new IovaRange(0x80_0000, MEMORY_SIZE);

  /** A device, its server with its thread, and its driver. */
  private record ServedDevice(ScratchDevice device, VfioUserServer server, CompletableFuture<Void> run,
      VfioUserClient driver) implements AutoCloseable {

    static ServedDevice of(ScratchConfig config) throws Exception {
      UnixSocket.Pair pair = UnixSocket.pair();
      ScratchDevice device = new ScratchDevice(config);
      VfioUserServer server = VfioUserServer.of(pair.one(), device, ServerOptions.DEFAULT, line -> {
      });
      CompletableFuture<Void> run =
          CompletableFuture.runAsync(() -> serve(server), Thread.ofPlatform().name(config.name())::start);
      return new ServedDevice(device, server, run,
          VfioUserClient.of(pair.other(), config.name(), ClientOptions.DEFAULT));
    }

    private static void serve(VfioUserServer server) {
      try {
        server.run();
      } catch (LinuxException e) {
        throw new UncheckedIOException(e);
      }
    }

    long get(int offset) throws Exception {
      return driver.readLong(REGISTERS_BAR, offset);
    }

    void traffic(IovaRange range) throws Exception {
      driver.writeLong(REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, range.iova());
      driver.writeInt(REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, SLOTS);
      driver.writeInt(REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, RATE);
      driver.writeInt(REGISTERS_BAR, ScratchLayout.CHURN_RATE, RATE);
    }

    /** Waits for a number of changes of internal memory, which shows that the device runs. */
    void awaitChurn(int changes) throws Exception {
      long until = get(ScratchLayout.CHURN_COUNT) + changes;
      while (get(ScratchLayout.CHURN_COUNT) < until) {
        Thread.onSpinWait();
      }
    }

    void awaitTraffic(long count) throws Exception {
      while (get(ScratchLayout.TRAFFIC_COUNT) < count) {
        assertThat(driver.readInt(REGISTERS_BAR, ScratchLayout.ERROR)).isZero();
      }
    }

    @Override
    public void close() {
      driver.close();
      run.join();
      device.close();
    }
  }

  private static ServedDevice writer() throws Exception {
    return ServedDevice.of(ScratchFixture.config(4).withMemorySize(MEMORY_SIZE));
  }

  /** Returns how many slots have their first value, and checks that the following ones are empty. */
  private static long written(VfioUserClient peer) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slots = arena.allocate(MEMORY_SIZE, 8);
      peer.readRegion(MEMORY_BAR, 0, slots);
      long count = 0;
      while (slots.get(JAVA_LONG_UNALIGNED, count * Long.BYTES) == count + 1) {
        count++;
      }
      assertThat(slots.asSlice(count * Long.BYTES).mismatch(arena.allocate(MEMORY_SIZE - count * Long.BYTES)))
          .as("bytes written beyond slot %d", count).isEqualTo(-1);
      return count;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RUNNING_P2P", "PRE_COPY_P2P"})
  void pausesPeerTrafficInP2pStatesAndResumesWithoutGap(DeviceState quiet) throws Exception {
    try (ServedDevice writer = writer();
        ServedDevice peer =
            ServedDevice.of(ScratchFixture.config(4).withMemorySize(MEMORY_SIZE).withMappable(true));
        MappedRegion bar = peer.driver.mapRegion(MEMORY_BAR)) {
      writer.driver.dma().map(PEER, bar.fd(), bar.offset(), DmaOptions.READ_WRITE.asPeer());
      writer.traffic(PEER);
      writer.awaitTraffic(100);

      writer.driver.moveTo(quiet);
      long stopped = writer.get(ScratchLayout.TRAFFIC_COUNT);
      assertThat(written(peer.driver)).isEqualTo(stopped);
      writer.awaitChurn(200);
      assertThat(writer.get(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(stopped);
      assertThat(written(peer.driver)).isEqualTo(stopped);

      writer.driver.moveTo(DeviceState.RUNNING);
      writer.awaitTraffic(stopped + 100);
      writer.driver.moveTo(quiet);
      long count = writer.get(ScratchLayout.TRAFFIC_COUNT);
      assertThat(written(peer.driver)).as("none lost or repeated").isEqualTo(count).isLessThan(SLOTS);
      assertThat(writer.server.peerTraffic()).isEqualTo(count * Long.BYTES);
    }
  }

  @Test
  void continuesHostTrafficInP2pStates() throws Exception {
    try (ServedDevice writer = writer();
        ServedDevice peer =
            ServedDevice.of(ScratchFixture.config(4).withMemorySize(MEMORY_SIZE).withMappable(true));
        MappedRegion bar = peer.driver.mapRegion(MEMORY_BAR);
        Fd host = Memfd.create("host", MEMORY_SIZE)) {
      writer.driver.dma().map(PEER, bar.fd(), bar.offset(), DmaOptions.READ_WRITE.asPeer());
      writer.driver.dma().map(HOST, host, 0, true);
      writer.driver.moveTo(DeviceState.RUNNING_P2P);
      writer.traffic(HOST);
      writer.awaitTraffic(100);
      writer.driver.moveTo(DeviceState.STOP);
      assertThat(writer.server.peerTraffic()).isZero();
      assertThat(written(peer.driver)).isZero();
    }
  }
}
