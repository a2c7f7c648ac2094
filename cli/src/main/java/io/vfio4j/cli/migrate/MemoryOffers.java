// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientStateMemory;
import io.vfio4j.vfiouser.client.ControlClient;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which memory of their devices two servers pass on by descriptor.
 *
 * @param source the sizes of the old server's memories in bytes; empty if it does not offer them
 * @param target the sizes of the new server's; empty if it does not accept any
 */
record MemoryOffers(List<Long> source, List<Long> target) {

  MemoryOffers {
    source = List.copyOf(source);
    target = List.copyOf(target);
  }

  /** Asks both servers; nothing changes there. */
  static MemoryOffers query(ControlClient from, ControlClient to) throws DeviceException {
    return new MemoryOffers(sizes(from), sizes(to));
  }

  private static List<Long> sizes(ControlClient control) throws DeviceException {
    Optional<ClientStateMemory.Exported> exported = control.stateMemory().export();
    if (exported.isEmpty()) {
      return List.of();
    }
    try (ClientStateMemory.Exported memories = exported.get()) {
      return memories.sizes();
    }
  }

  /** Returns a side's memories, for output. */
  static String describe(List<Long> sizes) {
    return sizes.isEmpty()
        ? "copied"
        : "by descriptor, " + sizes.stream().map(Quantities::bytes).collect(Collectors.joining(" + "));
  }

  /** Returns whether neither server passes memory on. The device may have none. */
  boolean isEmpty() {
    return source.isEmpty() && target.isEmpty();
  }

  /** Returns why the memory has to be copied; empty if it is passed on. */
  Optional<String> obstacle() {
    if (source.isEmpty()) {
      return Optional.of("the old server does not pass it on");
    }
    if (target.isEmpty()) {
      return Optional.of("the new server does not accept it");
    }
    return source.equals(target) ? Optional.empty()
        : Optional.of("the new server has memory of another size");
  }

  /**
   * Returns why a connection cannot be passed on because of the regions that the VMM has mapped, empty if it can.
   *
   * @param mapped bit n for region n
   * @param obstacle why the memory has to be copied, if it has to
   */
  static Optional<String> mappingObjection(long mapped, Optional<String> obstacle) {
    return mapped == 0 ? Optional.empty()
        : obstacle
            .map(why -> "the VMM has mapped the memory of %s, which the new server must therefore use, but %s"
                .formatted(describeRegions(mapped), why));
  }

  /** Returns the regions in a mask, for output. */
  static String describeRegions(long mapped) {
    return mapped == 0
        ? "none"
        : "region "
            + IntStream.range(0, Long.SIZE).filter(n -> (mapped >>> n & 1) != 0).mapToObj(String::valueOf)
                .collect(Collectors.joining(", "));
  }
}
