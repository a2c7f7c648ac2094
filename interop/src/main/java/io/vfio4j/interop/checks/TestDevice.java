// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A device of the module in {@code interop/kernel}, as sysfs shows it: not through what is tested here.
 *
 * @param mdev the device
 */
record TestDevice(MediatedDevice mdev) implements AutoCloseable {

  /** Registers in BAR 0, of 4 bytes: {@code enum td_register}. */
  static final int SCRATCH = 0x10;
  static final int REINIT = 0x1c;
  static final int DMA_IOVA_LOW = 0x20;
  static final int DMA_IOVA_HIGH = 0x24;
  static final int DMA_SEED = 0x28;
  static final int DMA_PAGES = 0x2c;

  private static final Path PARAMETERS = Path.of("/sys/module/vfio4j_testdev/parameters");

  /** Writes a parameter of the module. */
  static void parameter(String name, String value) throws IOException {
    // A parameter cannot be written with nothing: the line that ends is.
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

  /** Returns the state in which the driver has it. */
  DeviceState state() throws IOException {
    return DeviceState.valueOf(read("state"));
  }

  /** Returns what tells one state of it from another. */
  String checksum() throws IOException {
    return read("checksum");
  }

  /** Returns the checksum of what it last stopped with to be saved. */
  String saved() throws IOException {
    return read("saved");
  }

  /** Returns the checksum of what was last loaded into it. */
  String loaded() throws IOException {
    return read("loaded");
  }

  /** Returns how often it has worked. */
  long ticks() throws IOException {
    return Long.parseLong(read("ticks"));
  }

  /** Fills its content. */
  void fill(int seed) throws IOException {
    Files.writeString(attribute("seed"), Integer.toUnsignedString(seed));
  }

  /** Lets it change so many pages every 10 ms. */
  void setChangeRate(int pages) throws IOException {
    Files.writeString(attribute("rate"), Integer.toString(pages));
  }

  @Override
  public void close() throws IOException {
    mdev.close();
  }
}
