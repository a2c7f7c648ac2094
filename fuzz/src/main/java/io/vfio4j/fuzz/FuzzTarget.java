// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;

/** What Jazzer calls: each input is a session. */
public final class FuzzTarget {

  /** Jazzer rewrites classes when they are loaded, on the thread that needs them. */
  private static final long ALLOWED_PER_INPUT = 512 << 20;

  private static final FuzzHarness DEVICE = device();

  private FuzzTarget() {
  }

  private static FuzzHarness device() {
    try {
      FuzzHarness device = new FuzzHarness(ALLOWED_PER_INPUT);
      Runtime.getRuntime().addShutdownHook(
          new Thread(() -> System.err.printf("vfio4j fuzz: %d messages%n", device.messages())));
      return device;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a session. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    DEVICE.run(FuzzInput.decode(input));
  }
}
