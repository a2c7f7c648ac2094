// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Notifies the checks of peer traffic when devices stop and start. */
final class PeerTrafficListener implements MigrationListener {

  private final List<RingDevice> devices;
  private final MigrationListener next;

  PeerTrafficListener(List<RingDevice> devices, MigrationListener next) {
    this.devices = devices;
    this.next = next;
  }

  @Override
  public void on(MigrationEvent event) {
    try {
      switch (event) {
        case MigrationEvent.TransitionEnd moved when moved.side() == Side.SOURCE
            && moved.to() == DeviceState.STOP_COPY ->
          onSourceStopped(moved.device());
        case MigrationEvent.TransitionStart moving when moving.side() == Side.TARGET
            && moving.from() == DeviceState.STOP && moving.to().isRunning() ->
          onTargetStarting(moving.device());
        default -> {
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    next.on(event);
  }

  private void onSourceStopped(String source) throws IOException {
    for (RingDevice device : devices) {
      if (device.source().name().equals(source)) {
        device.incoming().onReceiverStopped();
        device.outgoing().onWriterStopped();
      }
    }
  }

  private void onTargetStarting(String target) {
    for (RingDevice device : devices) {
      if (device.target().name().equals(target)) {
        device.incoming().onReceiverStarting();
      }
    }
  }
}
