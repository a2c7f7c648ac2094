// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process that has a client in each device state, with memory and interrupts, and waits to be killed. */
public final class KilledClient {

  private static final int SIZE = 64 << 10;

  private KilledClient() {
  }

  /** Connects to the server at {@code args[0]}, prints a line and waits. */
  public static void main(String[] args) throws IOException {
    List<VfioUserClient> clients = new ArrayList<>();
    try (Arena arena = Arena.ofShared(); Fd guest = Memfd.create("guest", SIZE);
        EventFd event = EventFd.create()) {
      for (DeviceState state : DeviceState.values()) {
        if (state != DeviceState.ERROR) {
          clients.add(client(Path.of(args[0]), state, guest, event, arena.allocate(SIZE)));
        }
      }
      System.out.println("ready");
      // Ends with the parent in any case.
      if (System.in.read() < 0) {
        clients.forEach(VfioUserClient::close);
      }
    }
  }

  private static VfioUserClient client(Path socket, DeviceState state, Fd guest, EventFd event,
      MemorySegment opaque) throws IOException {
    boolean withTwin = state.wireValue() % 2 == 0;
    VfioUserClient client =
        VfioUserClient.connect(socket, ClientOptions.DEFAULT.withTwinSocket(withTwin));
    client.dma().map(new IovaRange(0x10_0000, SIZE), guest, 0, true);
    client.dma().map(0x20_0000, opaque, true);
    client.irqs().assign(DeviceDescription.MSIX, 0, List.of(event));
    client.dmaLog().orElseThrow().start(List.of(new IovaRange(0x10_0000, SIZE)), 4096);
    TransitionResult reached = client.moveTo(state);
    if (state.isSaving()) {
      reached.savingSession().read(opaque);
    }
    return client;
  }
}
