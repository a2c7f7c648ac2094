// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.interop.VfioInterface;
import io.vfio4j.linux.vfio.HostDevices;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelOptions;
import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How checks get at devices.
 *
 * @param by the interface that they are opened by
 */
record CheckContext(KernelInterface by) {

  private static final int CHUNK_BYTES = 1 << 16;

  static CheckContext of(VfioInterface which) {
    return new CheckContext(which == VfioInterface.CDEV ? KernelInterface.CDEV : KernelInterface.GROUP);
  }

  KernelDevice open(MediatedDevice mdev) throws DeviceException {
    return KernelDevice.open(HostDevices.system().find(mdev.uuid()), options());
  }

  /** Opens a device and resets it. */
  KernelProbe probe(MediatedDevice mdev) throws DeviceException {
    return KernelProbe.open(HostDevices.system().find(mdev.uuid()), options());
  }

  private KernelOptions options() {
    return KernelOptions.DEFAULT.withInterface(by);
  }

  /** Returns a device as the command line takes it. */
  String address(MediatedDevice mdev) {
    return "kernel:" + mdev.uuid() + "?interface=" + (by == KernelInterface.CDEV ? "cdev" : "group");
  }

  /** Reads all there is to read now. */
  static byte[] readAll(SavingSession session) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(CHUNK_BYTES);
      byte[] all = new byte[0];
      for (long count = session.read(piece); count > 0; count = session.read(piece)) {
        byte[] more = new byte[Math.toIntExact(all.length + count)];
        System.arraycopy(all, 0, more, 0, all.length);
        MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, more, all.length, Math.toIntExact(count));
        all = more;
      }
      return all;
    }
  }

  /** Writes bytes of a state. */
  static void write(ResumingSession session, byte[] state, int count) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(count);
      MemorySegment.copy(state, 0, copy, ValueLayout.JAVA_BYTE, 0, count);
      session.write(copy);
    }
  }
}
