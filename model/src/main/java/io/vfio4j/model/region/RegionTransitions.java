// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.v1.ActionV1;
import io.vfio4j.model.v1.ArcV1;
import io.vfio4j.model.v1.DeviceStateMachineV1;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;
import io.vfio4j.model.v1.VersionMapping;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Executes writes of version 1 on a device with version 2, and switches the data window.
 *
 * <p>
 * A device without pre-copy remains in RUNNING while the field is PRE_COPY, and has no data there.
 */
final class RegionTransitions implements DeviceStateMachineV1.WriteTaker {

  private final MigratableDevice device;
  private final MemorySegment memory;
  private DataWindow window = new ClosedWindow();

  RegionTransitions(MigratableDevice device, MemorySegment memory) {
    this.device = device;
    this.memory = memory;
  }

  /** Returns the features of version 1 that a device can offer: the arcs for which version 2 has a path. */
  static FeaturesV1 features(MigrationFeatures features, boolean ndma) {
    NextState nextState = NextState.of(features);
    Set<ArcV1> arcs = FeaturesV1.all(ndma).arcs().stream()
        .filter(arc -> nextState.next(deviceState(arc.from(), features), deviceState(arc.to(), features))
            .isPresent())
        .collect(Collectors.toUnmodifiableSet());
    return new FeaturesV1(ndma, arcs);
  }

  private static DeviceState deviceState(DeviceStateV1 state, MigrationFeatures features) {
    DeviceState same = VersionMapping.toV2(state).match().orElseThrow();
    if (features.has(MigrationFeature.PRE_COPY)) {
      return same;
    }
    return switch (same) {
      case PRE_COPY -> DeviceState.RUNNING;
      case PRE_COPY_P2P -> DeviceState.RUNNING_P2P;
      case ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P -> same;
    };
  }

  /** Returns the state of the device that corresponds to a value of the field. */
  DeviceState deviceState(DeviceStateV1 state) {
    return deviceState(state, device.features());
  }

  DataWindow window() {
    return window;
  }

  @Override
  public void take(ArcV1 arc, List<ActionV1> actions) throws ArcException {
    DeviceState before = deviceState(arc.from());
    DeviceState target = deviceState(arc.to());
    try {
      updateWindow(device.moveTo(target));
    } catch (TransitionException e) {
      rollBack(e, before);
    } catch (DeviceException e) {
      enterError(e, "the state of the device is unknown");
    }
  }

  private void updateWindow(TransitionResult reached) {
    if (reached.session().isPresent()) {
      replaceWindow(DataWindow.of(reached.session().get(), device, memory));
    } else if (!reached.state().isSaving() && reached.state() != DeviceState.RESUMING) {
      replaceWindow(new ClosedWindow());
    }
  }

  /** Closes the window and replaces it. */
  void replaceWindow(DataWindow next) {
    window.close();
    window = next;
  }

  /** Rolls the device back to the state before, or enters ERROR: version 1 has no intermediate states. */
  private void rollBack(TransitionException e, DeviceState before) throws ArcException {
    if (e.reached() == before) {
      throw arcFailure(e, false);
    }
    // Leaving RESUMING has loaded the data; that cannot be rolled back.
    if (e.reached() == DeviceState.ERROR || before == DeviceState.RESUMING) {
      enterError(e, "the state before cannot be restored");
    }
    boolean sessionKept = before.isSaving() && e.reached().isSaving();
    try {
      TransitionResult back = device.moveTo(before);
      if (!sessionKept) {
        back.session().ifPresent(DataSession::close);
        replaceWindow(before.isSaving()
            ? new BrokenWindow("the saving session ended in a failed transition")
            : new ClosedWindow());
      }
    } catch (DeviceException rollbackFailure) {
      e.addSuppressed(rollbackFailure);
      enterError(e, "the device could not be returned to " + before);
    }
    throw arcFailure(e, false);
  }

  /**
   * Enters ERROR. The device is stopped if possible, since it must neither do DMA nor raise interrupts in
   * ERROR.
   */
  private void enterError(DeviceException e, String reason) throws ArcException {
    replaceWindow(new ClosedWindow());
    try {
      if (device.state() != DeviceState.ERROR) {
        device.moveTo(DeviceState.STOP);
      }
    } catch (DeviceException stopFailure) {
      e.addSuppressed(stopFailure);
    }
    ArcException failure = new ArcException(e.errno(), true, e.getMessage() + "; " + reason);
    failure.initCause(e);
    throw failure;
  }

  private static ArcException arcFailure(DeviceException e, boolean entersError) {
    ArcException failure = new ArcException(e.errno(), entersError, String.valueOf(e.getMessage()));
    failure.initCause(e);
    return failure;
  }
}
