// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.model.DeviceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Compares a device in use with what it was before a check.
 *
 * <p>
 * What only a server can cause is a failure: another connection, messages that wait, lost mappings, a header of
 * config space that was reset. What a VMM may have changed meanwhile, such as the number of its mappings, is a
 * deviation.
 */
final class Disturbance {

  /** Size of the header of config space, which a driver writes only when it sets the device up. */
  private static final int HEADER_BYTES = 64;
  /** The status register, two bytes that change with every interrupt. */
  private static final int STATUS = 6;

  private final List<String> changedByVmm = new ArrayList<>();

  private Disturbance() {
  }

  /**
   * Compares.
   *
   * @return what the VMM may have changed by itself
   * @throws VerdictException if the device or the connection of its VMM is not as before
   */
  static List<String> find(Snapshot before, Snapshot after) throws VerdictException {
    Disturbance found = new Disturbance();
    requireSame("the state " + DeviceState.RUNNING + " after the check", DeviceState.RUNNING, after.state());
    requireSame("the same features", before.features(), after.features());
    requireSame("the same regions and interrupts", before.infos(), after.infos());
    found.compareUse(before.use(), after.use());
    found.compareConfigSpace(before.configSpace(), after.configSpace());
    return found.changedByVmm;
  }

  private static void requireSame(String expected, Object before, Object after) throws VerdictException {
    if (!before.equals(after)) {
      throw VerdictException.failed("%s: %s".formatted(expected, before), after.toString());
    }
  }

  private void compareUse(DeviceUse before, DeviceUse after) throws VerdictException {
    requireSame("the VMM's messages wait after the check as before", before.isHeld(), after.isHeld());
    requireSame("the VMM's connection is staged as before", before.isStaged(), after.isStaged());
    requireSame("the VMM's connection is surrendered as before", before.isSurrendered(),
        after.isSurrendered());
    Optional<DeviceUse.Vmm> vmm = before.vmm();
    if (vmm.isEmpty()) {
      after.vmm().ifPresent(other -> changedByVmm.add("a VMM has connected, pid " + other.pid()));
      return;
    }
    if (after.vmm().isEmpty()) {
      throw VerdictException.failed("the VMM, pid %d, stays connected".formatted(vmm.get().pid()),
          "there is no VMM");
    }
    compareVmm(vmm.get(), after.vmm().get());
  }

  private void compareVmm(DeviceUse.Vmm before, DeviceUse.Vmm after) throws VerdictException {
    requireSame("the connection of the same VMM, pid", before.pid(), after.pid());
    requireSame("the connection's token", Long.toUnsignedString(before.token(), 16),
        Long.toUnsignedString(after.token(), 16));
    requireSame("the VMM connected at", before.connectedSince(), after.connectedSince());
    if (before.mappings() > 0 && after.mappings() == 0) {
      throw VerdictException.failed("the VMM's %d mappings remain".formatted(before.mappings()),
          "there are none");
    }
    if ((before.irqs() & ~after.irqs()) != 0) {
      throw VerdictException.failed("the enabled interrupts remain: bits %x".formatted(before.irqs()),
          "bits %x".formatted(after.irqs()));
    }
    if (before.mappings() != after.mappings() || before.mappedBytes() != after.mappedBytes()) {
      changedByVmm.add(
          "the mappings changed, from %d of %d bytes to %d of %d bytes: by the VMM, if it maps and unmaps"
              .formatted(before.mappings(), before.mappedBytes(), after.mappings(), after.mappedBytes()));
    }
    if (before.irqs() != after.irqs()) {
      changedByVmm.add(
          "the enabled interrupts changed, from bits %x to %x: by the VMM, if its driver has just started"
              .formatted(before.irqs(), after.irqs()));
    }
  }

  private void compareConfigSpace(byte[] before, byte[] after) throws VerdictException {
    byte[] expected = withoutStatus(before);
    byte[] found = withoutStatus(after);
    int at = Arrays.mismatch(expected, found);
    if (at < 0) {
      return;
    }
    String change = at < Math.min(expected.length, found.length)
        ? "byte %d of config space changed from %02x to %02x".formatted(at, expected[at], found[at])
        : "the size of config space changed from %d to %d bytes".formatted(expected.length, found.length);
    if (at < HEADER_BYTES || expected.length != found.length) {
      throw VerdictException.failed("the config space is as before the check", change);
    }
    changedByVmm.add(change + ": by the VMM, if its driver wrote a capability");
  }

  private static byte[] withoutStatus(byte[] configSpace) {
    byte[] copy = configSpace.clone();
    for (int at = STATUS; at < Math.min(copy.length, STATUS + Short.BYTES); at++) {
      copy[at] = 0;
    }
    return copy;
  }
}
