// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.command.DoorbellCommands;
import io.vfio4j.vfiouser.command.InfoCommands;
import io.vfio4j.vfiouser.command.IrqCommands;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The handlers of a VMM's connection that know what another server needs to continue it.
 *
 * @param infos knows which regions the VMM may have mapped
 * @param irqs has the eventfds by which it masks INTx
 * @param doorbells has the eventfds of its doorbells
 */
record VmmCommands(InfoCommands infos, IrqCommands irqs, DoorbellCommands doorbells) {

  /**
   * Checks that the connection can be passed on.
   *
   * @throws ErrnoException EOPNOTSUPP if the VMM has the memory of a region, which does not go along with the state
   */
  void checkPassable(EmulatedDevice device) throws ErrnoException {
    Set<Integer> mapped = infos.mappedRegions();
    if (!mapped.isEmpty() && !device.omitsStateMemory()) {
      throw new ErrnoException(Errno.EOPNOTSUPP, "the VMM may have mapped the memory of region "
          + mapped.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
  }
}
