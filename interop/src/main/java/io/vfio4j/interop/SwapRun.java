// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A guest with a device that two servers can serve.
 *
 * @param kind the kind of guest
 * @param guest the guest
 * @param first the server to which its QEMU has connected
 * @param second the other server
 */
record SwapRun(SwapGuest kind, Guest guest, ControlledServer first,
    ControlledServer second) implements AutoCloseable {

  private static final Duration LIFETIME = Duration.ofMinutes(10);
  private static final Duration LIFETIME_PER_SWAP = Duration.ofSeconds(10);

  /** Generous, because the machine may be busy: only QEMU's 5 s would end the connection. */
  private static final Duration MAX_PAUSE = Duration.ofSeconds(4);

  /**
   * What QEMU reports at the start: the scratch device has no error interrupt, and nothing is mapped when it unmaps all
   * of a virtual IOMMU.
   */
  private static final List<String> EXPECTED_MESSAGES =
      List.of("Could not enable error recovery", "vfio_container_dma_unmap(");

  /**
   * Starts the servers and the guest.
   *
   * @param swaps the number of swaps intended, which extends the guest's lifetime
   */
  static SwapRun start(GuestEnvironment environment, SwapGuest kind, int swaps)
      throws UnavailableException, IOException, InterruptedException {
    ControlledServer first = kind.serve(environment);
    ControlledServer second = kind.serve(environment);
    GuestSettings settings =
        kind.settings(first).withLifetime(LIFETIME.plus(LIFETIME_PER_SWAP.multipliedBy(swaps)));
    return new SwapRun(kind, environment.boot(settings), first, second);
  }

  /**
   * Moves the device back and forth under load, beginning at the first server.
   *
   * @return the verdict of the guest; an unexpected message of QEMU is a problem too
   * @throws IOException if a swap fails, or the guest does not respond
   */
  LoadVerdict swap(int swaps) throws IOException, InterruptedException {
    GuestLoad load = GuestLoad.start(guest, kind.prepare(guest));
    load.swap(first, second, swaps);
    LoadVerdict verdict = load.end(new LoadVerdict.Limits(swaps, kind.maxSpurious(swaps), MAX_PAUSE));
    return verdict.withProblems(guest.qemuErrors().stream()
        .filter(line -> EXPECTED_MESSAGES.stream().noneMatch(line::contains))
        .map(line -> "QEMU printed: " + line).toList());
  }

  /** Ends the guest. */
  @Override
  public void close() {
    guest.close();
  }
}
