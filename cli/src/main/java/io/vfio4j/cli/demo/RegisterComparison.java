// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares registers of a device with what they should hold. */
final class RegisterComparison {

  private final GuestDevice device;
  private final List<String> differences = new ArrayList<>();

  RegisterComparison(GuestDevice device) {
    this.device = device;
  }

  void compare64(String name, int register, long expected) throws IOException {
    compare(name, expected, device.read64(register));
  }

  void compare32(String name, int register, long expected) throws IOException {
    compare(name, expected, device.read32(register));
  }

  private void compare(String name, long expected, long found) {
    if (expected != found) {
      differences.add("%s is 0x%x instead of 0x%x".formatted(name, found, expected));
    }
  }

  /** Returns the registers that differ, if any do. */
  Optional<String> differences() {
    return differences.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", differences));
  }
}
