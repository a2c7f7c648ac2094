// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures a guest's accesses to a vfio4j device, beside those to devices that QEMU emulates in the same guest. */
final class GuestBenchmark {

  private static final int ROUNDS = 11;
  private static final int READS = 5_000;
  private static final int INTERRUPTS = 500;
  private static final String EDU = "QEMU's edu";
  /** Offset and value of the writes that raise and clear an interrupt (docs/specs/edu.rst of QEMU). */
  private static final String EDU_RAISE = "0x60 1";
  private static final String EDU_CLEAR = "0x64 1";

  private final Map<String, List<Long>> nanos = new LinkedHashMap<>();

  private GuestBenchmark() {
  }

  /** Runs the benchmark and prints Markdown tables. */
  static void run(Path cache) throws UnavailableException, IOException, InterruptedException {
    try (GuestEnvironment environment = GuestEnvironment.open(cache)) {
      System.out.printf("%d CPUs, Linux %s, Java %s; guests emulated (TCG)%n%n",
          Runtime.getRuntime().availableProcessors(), System.getProperty("os.version"), Runtime.version());
      accesses(environment);
      messages(environment);
    }
  }

  private static void accesses(GuestEnvironment environment)
      throws UnavailableException, IOException, InterruptedException {
    ChildServer mappable = environment.serve("scratch", "--memory", "1m", "--mappable");
    ChildServer trapping = environment.serve("scratch", "--memory", "1m");
    Guest guest = environment.boot(GuestSettings.DEFAULT.withDeviceBehindRootPort(mappable.socket())
        .withDevice(trapping.socket(), 3).withQemuDevice("edu", 4).withQemuDevice("pci-testdev", 5));
    GuestFunction mapped = guest.function("0000:01:00.0");
    GuestFunction trapped = guest.function("0000:00:03.0");
    GuestFunction edu = guest.function("0000:00:04.0");
    GuestFunction testdev = guest.function("0000:00:05.0");
    for (GuestFunction function : List.of(mapped, trapped, edu, testdev)) {
      function.enable();
    }
    GuestBenchmark reads = new GuestBenchmark();
    for (int round = 0; round < ROUNDS; round++) {
      reads.add(EDU, edu.measureReads(0, 0, READS));
      reads.add("QEMU's pci-testdev", testdev.measureReads(0, 0, READS));
      reads.add("ours, a register",
          trapped.measureReads(ScratchLayout.REGISTERS_BAR, ScratchLayout.ID, READS));
      reads.add("ours, memory that is trapped", trapped.measureReads(ScratchLayout.MEMORY_BAR, 0, READS));
      reads.add("ours, memory that is mapped", mapped.measureReads(ScratchLayout.MEMORY_BAR, 0, READS));
    }
    reads.print("a read of 4 bytes", "ns");
    edu.bind("uio_pci_generic");
    trapped.bind("uio_pci_generic");
    GuestBenchmark interrupts = new GuestBenchmark();
    for (int round = 0; round < ROUNDS; round++) {
      interrupts.add(EDU, edu.checkIntx(INTERRUPTS, EDU_RAISE, EDU_CLEAR));
      interrupts.add("ours", ScratchInterrupts.raise(trapped, INTERRUPTS));
    }
    interrupts.print("INTx, raised, received by user space, cleared", "ns");
    guest.close();
  }

  private static void messages(GuestEnvironment environment)
      throws UnavailableException, IOException, InterruptedException {
    ChildServer server = environment.serve("scratch", "--memory", "1m");
    Guest guest = environment.boot(GuestSettings.DEFAULT.withIommu().withDevice(server.socket(), 3));
    GuestFunction function = guest.function("0000:00:03.0");
    function.bind("vfio-pci");
    GuestBenchmark interrupts = new GuestBenchmark();
    for (int round = 0; round < ROUNDS; round++) {
      interrupts.add("ours", Long.parseLong(function.vfio("time " + INTERRUPTS).getFirst()));
    }
    interrupts.print("MSI-X, raised, received by user space", "ns");
    guest.close();
  }

  private void add(String what, long nanoseconds) {
    nanos.computeIfAbsent(what, _ -> new ArrayList<>()).add(nanoseconds);
  }

  /**
   * Prints a row for each: median, minimum, maximum, rate per second, and median ratio to the first in the same
   * round.
   */
  private void print(String what, String unit) {
    System.out.printf("| %s | %s | a second | ratio |%n|---|---|---|---|%n", what, unit);
    List<Long> base = nanos.values().iterator().next();
    nanos.forEach((name, values) -> {
      List<Double> ratios = new ArrayList<>();
      for (int round = 0; round < values.size(); round++) {
        ratios.add((double) values.get(round) / base.get(round));
      }
      long median = median(values);
      System.out.printf("| %s | %,d (%,d to %,d) | %,d | %.2f |%n", name, median, Collections.min(values),
          Collections.max(values), 1_000_000_000 / median, median(ratios));
    });
    System.out.println();
  }

  private static <T extends Comparable<T>> T median(List<T> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
