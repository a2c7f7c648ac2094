// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.Handover;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ControlClient;
import java.io.IOException;
import java.util.Optional;

/** Passes the connection of a VMM from one server to another, with the device. Used by one thread at a time. */
final class ConnectionHandover implements Handover {

  private final ControlClient from;
  private final ControlClient to;
  private final long token;
  private final SwapObserver observer;

  /**
   * Creates the handover.
   *
   * @param from the server that has the connection
   * @param to the server that gets it
   * @param token the connection's
   * @param observer is called after each step
   */
  ConnectionHandover(ControlClient from, ControlClient to, long token, SwapObserver observer) {
    this.from = from;
    this.to = to;
    this.token = token;
    this.observer = observer;
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
    observer.onHandover(SwapObserver.Step.STAGED);
  }

  @Override
  public void commit() throws DeviceException {
    from.surrender(token);
    observer.onHandover(SwapObserver.Step.SURRENDERED);
  }

  @Override
  public boolean complete() throws DeviceException {
    from.release(token);
    observer.onHandover(SwapObserver.Step.RELEASED);
    return true;
  }
}
