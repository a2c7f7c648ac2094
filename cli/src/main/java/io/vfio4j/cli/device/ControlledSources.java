// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.engine.Handover;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ControlClient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sources that are moved through their control sockets, and leave their VMMs: from the handover on, their servers
 * must not resume them, and afterwards they end the connections of these VMMs.
 *
 * @param tokens the connections' tokens, 0 for a device without a VMM
 */
record ControlledSources(Map<ControlClient, Long> tokens) implements Handover {

  /**
   * Returns the handover of devices.
   *
   * @throws DeviceException if a server cannot be asked for its VMM
   * @throws CommandException if only some of them are moved through control sockets
   */
  static Handover of(List<OpenDevice> devices) throws DeviceException, CommandException {
    Map<ControlClient, Long> tokens = new LinkedHashMap<>();
    for (OpenDevice device : devices) {
      if (device.control().isPresent()) {
        tokens.put(device.control().get(), device.control().get().info().token());
      }
    }
    if (tokens.isEmpty()) {
      return Handover.NONE;
    }
    if (tokens.size() < devices.size()) {
      throw new CommandException(ExitCodes.FAILURE,
          "nothing was touched: devices that are moved through control sockets migrate only with others of that kind",
          null);
    }
    return new ControlledSources(tokens);
  }

  @Override
  public void prepare() {
    // Only the state moves.
  }

  @Override
  public void commit() throws DeviceException {
    for (Map.Entry<ControlClient, Long> source : tokens.entrySet()) {
      source.getKey().surrender(source.getValue());
    }
  }

  /** Releases all that can be released. */
  @Override
  public boolean complete() throws DeviceException {
    DeviceException failure = null;
    for (Map.Entry<ControlClient, Long> source : tokens.entrySet()) {
      try {
        source.getKey().release(source.getValue());
      } catch (DeviceException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
    return true;
  }
}
