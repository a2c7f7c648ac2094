// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Moves a device of version 2 as a user of version 1 asks, and keeps the data window in step.
 *
 * <p>
 * A device without pre-copy stays in RUNNING while the field says PRE_COPY, and has nothing to say there.
 */
final class RegionMoves implements DeviceStateMachineV1.WriteTaker {

  private final MigratableDevice device;
  private final MemorySegment memory;
  private DataWindow window = new ClosedWindow();

  RegionMoves(MigratableDevice device, MemorySegment memory) {
    this.device = device;
    this.memory = memory;
  }

  /** Returns what version 1 can be offered of a device: the arcs for which version 2 has a way. */
  static FeaturesV1 features(MigrationFeatures features, boolean ndma) {
    NextState nextState = NextState.of(features);
    Set<ArcV1> arcs = FeaturesV1.all(ndma).arcs().stream()
        .filter(arc -> nextState.next(carrier(arc.from(), features), carrier(arc.to(), features)).isPresent())
        .collect(Collectors.toUnmodifiableSet());
    return new FeaturesV1(ndma, arcs);
  }

  private static DeviceState carrier(DeviceStateV1 state, MigrationFeatures features) {
    DeviceState same = VersionMapping.toV2(state).found().orElseThrow();
    if (features.has(MigrationFeature.PRE_COPY)) {
      return same;
    }
    return switch (same) {
      case PRE_COPY -> DeviceState.RUNNING;
      case PRE_COPY_P2P -> DeviceState.RUNNING_P2P;
      case ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P -> same;
    };
  }

  /** Returns the state in which the device is while the field has a value. */
  DeviceState carrier(DeviceStateV1 state) {
    return carrier(state, device.features());
  }

  DataWindow window() {
    return window;
  }

  @Override
  public void take(ArcV1 arc, List<ActionV1> actions) throws ArcException {
    DeviceState before = carrier(arc.from());
    DeviceState target = carrier(arc.to());
    try {
      moved(device.moveTo(target));
    } catch (TransitionException e) {
      afterFailure(e, before);
    } catch (DeviceException e) {
      fail(e, "it is not known where the device is");
    }
  }

  private void moved(Reached reached) {
    if (reached.session().isPresent()) {
      open(DataWindow.of(reached.session().get(), device, memory));
    } else if (!reached.state().isSaving() && reached.state() != DeviceState.RESUMING) {
      open(new ClosedWindow());
    }
  }

  /** Lets go of what the window showed, and shows something else. */
  void open(DataWindow next) {
    window.close();
    window = next;
  }

  /** Brings the device back to where it was, or to a stop: version 1 knows nothing between. */
  private void afterFailure(TransitionException e, DeviceState before) throws ArcException {
    if (e.reached() == before) {
      throw arcFailure(e, false);
    }
    // What was written before RESUMING was left is loaded; the state before cannot be had again.
    if (e.reached() == DeviceState.ERROR || before == DeviceState.RESUMING) {
      fail(e, "the state before cannot be had again");
    }
    boolean sessionKept = before.isSaving() && e.reached().isSaving();
    try {
      Reached back = device.moveTo(before);
      if (!sessionKept) {
        back.session().ifPresent(DataSession::close);
        open(before.isSaving()
            ? new BrokenWindow("the saving session ended in a move that failed")
            : new ClosedWindow());
      }
    } catch (DeviceException unwinding) {
      e.addSuppressed(unwinding);
      fail(e, "the device did not get back to " + before);
    }
    throw arcFailure(e, false);
  }

  /** Enters ERROR. The device should neither do DMA nor raise interrupts there, so far as it still obeys. */
  private void fail(DeviceException e, String reason) throws ArcException {
    open(new ClosedWindow());
    try {
      if (device.state() != DeviceState.ERROR) {
        device.moveTo(DeviceState.STOP);
      }
    } catch (DeviceException stopping) {
      e.addSuppressed(stopping);
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
