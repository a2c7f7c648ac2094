// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A device of the module in {@code interop/kernel}, observed through sysfs instead of the code under test.
 *
 * @param mdev the device
 */
record TestDevice(MediatedDevice mdev) implements AutoCloseable {

  /** 4-byte registers in BAR 0: {@code enum td_register}. */
  static final int SCRATCH = 0x10;
  static final int REINIT = 0x1c;
  static final int DMA_IOVA_LOW = 0x20;
  static final int DMA_IOVA_HIGH = 0x24;
  static final int DMA_SEED = 0x28;
  static final int DMA_PAGES = 0x2c;

  private static final Path PARAMETERS = Path.of("/sys/module/vfio4j_testdev/parameters");

  /** Sets a parameter of the module. */
  static void parameter(String name, String value) throws IOException {
    // An empty write does not reach the parameter, so a newline is added.
    Files.writeString(PARAMETERS.resolve(name), value + "\n");
  }

  String uuid() {
    return mdev.uuid();
  }

  private Path attribute(String name) {
    return mdev.sysfs().resolve("testdev").resolve(name);
  }

  private String read(String name) throws IOException {
    return Files.readString(attribute(name)).trim();
  }

  /** Returns its state in the driver. */
  DeviceState state() throws IOException {
    return DeviceState.valueOf(read("state"));
  }

  /** Returns the checksum of its state. */
  String checksum() throws IOException {
    return read("checksum");
  }

  /** Returns the checksum of the state with which it last entered STOP_COPY. */
  String saved() throws IOException {
    return read("saved");
  }

  /** Returns the checksum of the state last loaded. */
  String loaded() throws IOException {
    return read("loaded");
  }

  /** Returns the number of its ticks. */
  long ticks() throws IOException {
    return Long.parseLong(read("ticks"));
  }

  /** Fills its content. */
  void fill(int seed) throws IOException {
    Files.writeString(attribute("seed"), Integer.toUnsignedString(seed));
  }

  /** Sets the number of pages that it changes every 10 ms. */
  void setChangeRate(int pages) throws IOException {
    Files.writeString(attribute("rate"), Integer.toString(pages));
  }

  @Override
  public void close() throws IOException {
    mdev.close();
  }
}
