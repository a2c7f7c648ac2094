// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.engine.Handover;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ControlClient;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Passes the connection of a VMM from one server to another, with the device. Used by one thread at a time. */
final class ConnectionHandover implements Handover {

  private final ControlClient from;
  private final ControlClient to;
  private final long token;
  private @Nullable String releaseFailure;

  /**
   * Creates the handover.
   *
   * @param from the server that has the connection
   * @param to the server that gets it
   * @param token the connection's
   */
  ConnectionHandover(ControlClient from, ControlClient to, long token) {
    this.from = from;
    this.to = to;
    this.token = token;
  }

  @Override
  public Optional<String> begin() throws IOException {
    MemoryOffers offers = MemoryOffers.query(from, to);
    Optional<String> obstacle = offers.obstacle();
    if (obstacle.isEmpty()) {
      obstacle = from.passStateMemory(to);
    }
    long mapped = from.info().mappedRegions();
    Optional<String> objection = MemoryOffers.mappingObjection(mapped, obstacle);
    if (objection.isPresent()) {
      throw new IOException(objection.get());
    }
    return offers.isEmpty() ? Optional.empty()
        : obstacle.map(why -> "the memory of the device is copied: " + why);
  }

  @Override
  public void prepare() throws DeviceException {
    from.passConnection(to);
  }

  @Override
  public void commit() throws DeviceException {
    from.surrender(token);
  }

  @Override
  public boolean complete() throws DeviceException {
    try {
      from.release(token);
      return true;
    } catch (DeviceException e) {
      releaseFailure = ErrorMessages.describe(e);
      throw e;
    }
  }

  /** Returns why the old server has not released the connection, if it runs at the new one. */
  Optional<String> releaseFailure() {
    return Optional.ofNullable(releaseFailure);
  }
}
