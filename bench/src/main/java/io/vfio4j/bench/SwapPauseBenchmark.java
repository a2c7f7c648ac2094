// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The pause that a client sees while {@code vfio4j swap} moves its device to another server and back. The same without the
 * pause ({@code --dry-run}) alternates with it: what a client sees then is due to the machine.
 */
final class SwapPauseBenchmark {

  private static final int TRAFFIC = 10_000;
  private static final int CHURN = 2_000;
  private static final int SLOTS = 1 << 16;
  private static final long IDLE_INTERVAL_NANOS = 1_000_000;
  private static final int WARM_UP = 6;

  private final Path folder;
  private final MarkdownTable table;

  SwapPauseBenchmark(Path folder, PrintStream out) {
    this.folder = folder;
    table = new MarkdownTable(out, "Pause of a client during a swap, ms",
        List.of("internal memory", "device", "swaps", "p50", "p99", "longest", "p50 without a swap",
            "p99 without a swap"));
  }

  /**
   * A measurement.
   *
   * @param memory bytes of internal memory
   * @param isBusy whether the device writes by DMA and changes its memory, and the client never pauses
   * @param isNew whether the device moves to a new process each time, instead of back and forth
   * @param swaps how many swaps
   */
  record Setup(long memory, boolean isBusy, boolean isNew, int swaps) {

    String device() {
      return (isBusy ? "under load" : "idle") + (isNew ? ", each time to a new process" : "");
    }

    int warmUp() {
      return isNew ? 0 : WARM_UP;
    }
  }

  /** Measures one setup and prints its row. */
  void run(Setup setup) throws IOException, InterruptedException {
    Samples pauses = new Samples();
    Samples noise = new Samples();
    try (BenchMemory guest = new BenchMemory(SLOTS * (long) Long.BYTES);
        SwapPair pair = new SwapPair(folder, setup.memory());
        VfioUserClient vmm = BenchClients.connect(pair.current().process())) {
      StateCopyClient.fill(vmm, setup.memory());
      guest.mapInto(vmm);
      if (setup.isBusy()) {
        startLoad(vmm);
      }
      try (PausedClient client = new PausedClient(vmm, setup.isBusy() ? 0 : IDLE_INTERVAL_NANOS)) {
        for (int i = -setup.warmUp(); i < setup.swaps(); i++) {
          if (setup.isNew()) {
            pair.renewOther();
          }
          client.takeLongest();
          pair.dryRun();
          double without = client.takeLongest();
          pair.swap();
          double with = client.takeLongest();
          if (i >= 0) {
            noise.add(without);
            pauses.add(with);
          }
        }
      }
    }
    table.row(List.of(size(setup.memory()), setup.device(), Integer.toString(setup.swaps()),
        millis(pauses.median()), millis(pauses.percentile(99)), millis(pauses.percentile(100)),
        millis(noise.median()), millis(noise.percentile(99))));
  }

  private static void startLoad(VfioUserClient vmm) throws IOException {
    vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, BenchMemory.IOVA);
    vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, SLOTS);
    vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, TRAFFIC);
    vmm.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.CHURN_RATE, CHURN);
  }

  private static String size(long bytes) {
    return bytes >= 1L << 30 ? (bytes >> 30) + " GiB" : (bytes >> 20) + " MiB";
  }

  private static String millis(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
