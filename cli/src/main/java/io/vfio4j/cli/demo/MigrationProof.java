// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks that the target device continues exactly where the source device stopped, and that nothing was lost. */
final class MigrationProof {

  private static final Duration TIMER_TIMEOUT = Duration.ofSeconds(60);
  /** How long the target runs before its traffic is checked, unless it runs until the timer fires. */
  private static final Duration SETTLE_TIME = Duration.ofMillis(200);

  private final DemoVm vm;
  private final GuestDevice target;
  private final SwitchoverObserver observer;
  private final long memoryBegin;
  private final long memory;
  private final List<DemoCheck> checks = new ArrayList<>();
  private long timersAtSource;

  /**
   * Creates a proof.
   *
   * @param memoryBegin offset of the part of internal memory that only the device itself changes
   * @param memory size of the internal memory in bytes
   */
  MigrationProof(DemoVm vm, GuestDevice target, SwitchoverObserver observer, long memoryBegin, long memory) {
    this.vm = vm;
    this.target = target;
    this.observer = observer;
    this.memoryBegin = memoryBegin;
    this.memory = memory;
  }

  /** Stops the target's traffic and churn, runs all checks, and returns the number of the last traffic write. */
  long run() throws IOException {
    long number = stopWork();
    check(number);
    return number;
  }

  /** Lets the target run, then stops traffic and churn, and returns the number of the last traffic write. */
  long stopWork() throws IOException {
    timersAtSource = vm.source().timer().drain();
    if (timersAtSource == 0) {
      target.awaitTimer(TIMER_TIMEOUT);
    } else {
      vm.runFor(target, SETTLE_TIME);
    }
    long number = target.stopTraffic();
    target.write32(ScratchLayout.CHURN_RATE, 0);
    return number;
  }

  /** Runs all checks. Traffic, churn and writes by peers must have been stopped. */
  void check(long number) throws IOException {
    checkTraffic(number);
    checkMemory();
    checkRegisters();
    checkTimer(timersAtSource + vm.source().timer().drain(), target.timer().drain());
  }

  List<DemoCheck> checks() {
    return List.copyOf(checks);
  }

  private void checkTraffic(long number) {
    String name = "traffic";
    long stopped = vm.slots().cleared();
    Optional<String> wrong = observer.violations().stream().findFirst().or(() -> checkFirstWrite(stopped))
        .or(() -> vm.slots().firstMismatch(number));
    checks.add(wrong.map(text -> DemoCheck.failed(name, text)).orElseGet(() -> DemoCheck.passed(name,
        String.format(Locale.ROOT, "%,d writes, none lost or repeated; the target continued with %,d", number,
            stopped + 1))));
  }

  /** Checks that the first write at the target is the one after the last at the source. */
  private Optional<String> checkFirstWrite(long stopped) {
    if (!observer.hasSeenSourceStopped()) {
      return Optional.of("the source was never seen stopped");
    }
    long first = vm.slots().get(vm.slots().slotAfter(stopped));
    return first == stopped + 1 ? Optional.empty()
        : Optional
            .of("the target continued with write %d in the slot of write %d".formatted(first, stopped + 1));
  }

  private void checkMemory() throws IOException {
    String name = "memory";
    long before = vm.source().read64(ScratchLayout.CHURN_COUNT);
    long after = target.read64(ScratchLayout.CHURN_COUNT);
    Optional<String> difference =
        new MemoryComparison(vm.source()::readMemory, target::readMemory, memoryBegin, memory)
            .difference(before, after);
    checks.add(difference.map(text -> DemoCheck.failed(name, text)).orElseGet(() -> DemoCheck.passed(name,
        String.format(Locale.ROOT, "%,d bytes are equal, except for %,d later changes", memory - memoryBegin,
            after - before))));
  }

  private void checkRegisters() throws IOException {
    String name = "registers";
    GuestDevice source = vm.source();
    RegisterComparison found = new RegisterComparison(target);
    found.compare64("SCRATCH", ScratchLayout.SCRATCH, vm.scratchValue());
    found.compare64("COMPLETED", ScratchLayout.COMPLETED, source.read64(ScratchLayout.COMPLETED));
    found.compare64("DMA_IOVA", ScratchLayout.DMA_IOVA, source.read64(ScratchLayout.DMA_IOVA));
    found.compare64("DMA_OFFSET", ScratchLayout.DMA_OFFSET, source.read64(ScratchLayout.DMA_OFFSET));
    found.compare64("DMA_LENGTH", ScratchLayout.DMA_LENGTH, source.read64(ScratchLayout.DMA_LENGTH));
    found.compare64("TRAFFIC_IOVA", ScratchLayout.TRAFFIC_IOVA, GuestMemory.IOVA);
    found.compare32("TRAFFIC_SLOTS", ScratchLayout.TRAFFIC_SLOTS, vm.slots().count());
    found.compare32("ERROR", ScratchLayout.ERROR, 0);
    checks.add(found.differences().map(wrong -> DemoCheck.failed(name, wrong))
        .orElseGet(() -> DemoCheck.passed(name, "eight registers have kept their values")));
  }

  private void checkTimer(long atSource, long atTarget) {
    String name = "timer";
    if (atSource + atTarget == 1) {
      checks.add(
          DemoCheck.passed(name,
              "armed at the source, fired once, at the " + (atSource == 1 ? "source" : "target")));
    } else {
      checks.add(DemoCheck.failed(name,
          "fired %d times at the source and %d times at the target".formatted(atSource, atTarget)));
    }
  }
}
