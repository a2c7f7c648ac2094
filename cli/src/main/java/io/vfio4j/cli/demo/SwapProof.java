// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.vfiouser.client.ControlInfo;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Checks that a device that was swapped lost nothing, and that its client talks to the last server. */
final class SwapProof implements AutoCloseable {

  private static final Duration TIMER_TIMEOUT = Duration.ofSeconds(60);

  private final DemoVm vm;
  private final GuestDevice device;
  private final MemorySnapshot before;
  private final DmaEcho echo;
  private final long memory;
  private final List<DemoCheck> checks = new ArrayList<>();

  /**
   * Creates a proof, with a copy of the internal memory.
   *
   * @param vm its device must be idle
   * @param memory size of the internal memory in bytes
   */
  SwapProof(DemoVm vm, long memory) throws IOException {
    this.vm = vm;
    this.device = vm.source();
    this.memory = memory;
    this.before = new MemorySnapshot(device, memory);
    // At the end of the last page: churn writes to the start of pages.
    this.echo = new DmaEcho(device, vm.guest(), memory - Long.BYTES);
  }

  DmaEcho echo() {
    return echo;
  }

  List<DemoCheck> checks() {
    return List.copyOf(checks);
  }

  /**
   * Checks which process has the connection.
   *
   * @param use what the last server says about its client
   * @param swaps the swaps; all other servers have ended
   */
  void checkServer(Optional<ControlInfo.Vmm> use, List<SwapResult.Swap> swaps) {
    String name = "server";
    long client = ProcessHandle.current().pid();
    long last = swaps.getLast().toPid();
    List<Long> alive = swaps.stream().map(SwapResult.Swap::fromPid)
        .filter(pid -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()).toList();
    if (!alive.isEmpty() || use.filter(vmm -> vmm.pid() == client).isEmpty()) {
      checks.add(DemoCheck.failed(name,
          "process %d has %s; still alive: %s".formatted(last, use.isEmpty() ? "no client" : use, alive)));
      return;
    }
    checks.add(DemoCheck.passed(name, "the client, %d, is connected to process %d; the others have ended"
        .formatted(client, last)));
  }

  /**
   * Stops the device's work, checks everything, and returns the number of the last traffic write.
   *
   * @param traffic what has consumed the writes, and is stopped here
   * @param registerValue the number that the driver wrote last
   * @param timers how many times the timer was armed
   */
  long check(TrafficConsumer traffic, long registerValue, int timers) throws IOException {
    long fired = awaitTimers(timers);
    long writes = device.stopTraffic();
    device.startChurn(0);
    traffic.close();
    checkTraffic(traffic.finish(writes), writes);
    checkMemory();
    checkRegisters(registerValue);
    checkInterrupts(fired, timers);
    return writes;
  }

  private long awaitTimers(int armed) throws IOException {
    long fired = device.timer().drain();
    while (fired < armed && device.awaitTimer(TIMER_TIMEOUT)) {
      fired += device.timer().drain();
    }
    return fired;
  }

  private void checkTraffic(Optional<String> mismatch, long writes) {
    String name = "traffic";
    checks.add(mismatch.map(wrong -> DemoCheck.failed(name, wrong))
        .orElseGet(() -> DemoCheck.passed(name,
            String.format(Locale.ROOT, "%,d DMA writes, none lost or repeated", writes))));
  }

  private void checkMemory() throws IOException {
    String name = "memory";
    before.putLong(memory - Long.BYTES, echo.number());
    long changes = device.read64(ScratchLayout.CHURN_COUNT);
    Optional<String> difference =
        new MemoryComparison(before, device::readMemory, 0, memory).difference(0, changes);
    checks.add(difference.map(wrong -> DemoCheck.failed(name, wrong)).orElseGet(() -> DemoCheck.passed(name,
        String.format(Locale.ROOT, "%,d bytes are as before the swaps, except for %,d changes since", memory,
            changes))));
  }

  private void checkRegisters(long value) throws IOException {
    String name = "registers";
    RegisterComparison found = new RegisterComparison(device);
    found.compare64("SCRATCH", ScratchLayout.SCRATCH, value);
    found.compare64("COMPLETED", ScratchLayout.COMPLETED, echo.commands());
    found.compare64("TRAFFIC_IOVA", ScratchLayout.TRAFFIC_IOVA, GuestMemory.IOVA);
    found.compare32("TRAFFIC_SLOTS", ScratchLayout.TRAFFIC_SLOTS, vm.slots().count());
    found.compare32("ERROR", ScratchLayout.ERROR, 0);
    checks.add(found.differences().map(wrong -> DemoCheck.failed(name, wrong))
        .orElseGet(() -> DemoCheck.passed(name, String.format(Locale.ROOT,
            "%,d writes, each read back; five registers hold what they should", value))));
  }

  private void checkInterrupts(long timersFired, int timersArmed) throws IOException {
    String name = "interrupts";
    long late = device.commandVector().drain();
    if (echo.interrupts() + late == echo.commands() && timersFired == timersArmed) {
      checks.add(DemoCheck.passed(name, String.format(Locale.ROOT,
          "%,d DMA commands, each with one; a timer armed in each swap fired once", echo.commands())));
    } else {
      checks.add(DemoCheck.failed(name, "%d of %d DMA commands; a timer armed %d times fired %d times"
          .formatted(echo.interrupts() + late, echo.commands(), timersArmed, timersFired)));
    }
  }

  @Override
  public void close() {
    before.close();
  }
}
