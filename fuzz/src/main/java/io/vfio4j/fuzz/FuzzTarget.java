// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;

/** The entry point for Jazzer. */
public final class FuzzTarget {

  /** Includes the instrumentation of classes, which Jazzer does on the thread that loads them. */
  private static final long ALLOWED_PER_INPUT = 512 << 20;

  private static final FuzzHarness HARNESS = harness();

  private FuzzTarget() {
  }

  private static FuzzHarness harness() {
    try {
      FuzzHarness harness = new FuzzHarness(ALLOWED_PER_INPUT);
      Runtime.getRuntime().addShutdownHook(
          new Thread(() -> System.err.printf("vfio4j fuzz: %d messages%n", harness.messages())));
      return harness;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs an input. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    HARNESS.run(FuzzInput.decode(input));
  }
}
