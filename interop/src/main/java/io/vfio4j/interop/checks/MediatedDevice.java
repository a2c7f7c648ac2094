// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A mediated device of the guest's.
 *
 * @param uuid its name
 */
record MediatedDevice(String uuid) implements AutoCloseable {

  /** A serial port of mtty's with two ports: 96 bytes of state. */
  static MediatedDevice mtty() throws IOException {
    return create("mtty", "mtty-2");
  }

  /**
   * A test device.
   *
   * @param kib of its state, KiB
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

  /** Removes it; nobody may have it open. */
  @Override
  public void close() throws IOException {
    Files.writeString(sysfs().resolve("remove"), "1");
  }
}
