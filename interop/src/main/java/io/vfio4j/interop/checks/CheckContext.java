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
 * Opens devices for checks.
 *
 * @param by the interface that opens them
 */
record CheckContext(KernelInterface by) {

  private static final int CHUNK_BYTES = 1 << 16;

  static CheckContext of(VfioInterface interfaces) {
    return new CheckContext(interfaces == VfioInterface.CDEV ? KernelInterface.CDEV : KernelInterface.GROUP);
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

  /** Returns the address of a device for the command line. */
  String address(MediatedDevice mdev) {
    return "kernel:" + mdev.uuid() + "?interface=" + (by == KernelInterface.CDEV ? "cdev" : "group");
  }

  /** Reads all data available now. */
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

  /** Writes the first bytes of a state. */
  static void write(ResumingSession session, byte[] state, int count) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(count);
      MemorySegment.copy(state, 0, copy, ValueLayout.JAVA_BYTE, 0, count);
      session.write(copy);
    }
  }
}
