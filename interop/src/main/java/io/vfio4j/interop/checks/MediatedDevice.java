// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A mediated device of the guest.
 *
 * @param uuid its name
 */
record MediatedDevice(String uuid) implements AutoCloseable {

  /** Creates an mtty device with two serial ports and 96 bytes of state. */
  static MediatedDevice mtty() throws IOException {
    return create("mtty", "mtty-2");
  }

  /**
   * Creates a test device.
   *
   * @param kib size of its state, KiB
   */
  static TestDevice testDevice(int kib) throws IOException {
    TestDevice.parameter("state_kib", Integer.toString(kib));
    return new TestDevice(create("vfio4j_testdev", "vfio4j_testdev-state"));
  }

  private static MediatedDevice create(String parent, String type) throws IOException {
    String uuid = UUID.randomUUID().toString();
    Files.writeString(Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types", type, "create"), uuid);
    return new MediatedDevice(uuid);
  }

  /** Returns its folder in sysfs. */
  Path sysfs() {
    return Path.of("/sys/bus/mdev/devices", uuid);
  }

  /** Removes the device, which must not be open. */
  @Override
  public void close() throws IOException {
    Files.writeString(sysfs().resolve("remove"), "1");
  }
}
