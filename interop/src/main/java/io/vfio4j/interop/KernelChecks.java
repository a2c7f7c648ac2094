// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs the checks of kernel devices in a guest and prints their results. */
final class KernelChecks {

  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final int MEMORY_MIB = 2048;

  private KernelChecks() {
  }

  /**
   * Runs the checks.
   *
   * @param cache the folder of the cache
   * @param arguments the interface, by default the newer one; then prefixes of the names of checks, by default all
   * @return whether all passed
   */
  static boolean run(Path cache, List<String> arguments)
      throws UnavailableException, IOException, InterruptedException {
    List<String> prefixes = new ArrayList<>(arguments);
    VfioInterface interfaces = VfioInterface.CDEV;
    if (!prefixes.isEmpty() && isInterface(prefixes.getFirst())) {
      interfaces = VfioInterface.valueOf(prefixes.removeFirst());
    }
    try (GuestEnvironment environment = GuestEnvironment.open(cache)) {
      Path sources = Path.of(System.getProperty("vfio4j.interop.kernel", "interop/kernel"));
      VfioGuests vfio =
          VfioGuests.in(environment, cache, sources,
              VfioGuests.modules(System.getProperty("jdk.module.path", "")));
      Guest guest = vfio.boot(interfaces, MEMORY_MIB);
      return guest.run(VfioGuests.checksCommand(interfaces, prefixes), TIMEOUT, System.out::println) == 0;
    }
  }

  private static boolean isInterface(String text) {
    return List.of(VfioInterface.values()).stream().anyMatch(each -> each.name().equals(text));
  }
}
