// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.testkit.ManualClock;
import io.vfio4j.testkit.MisbehavingDevice;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;

/** A device in use, which records what it is asked to do. */
final class SimulatedUseDevice implements MigratableDevice {

  private final MisbehavingDevice honest;
  private final Optional<UseMisbehaviour> misbehaviour;
  private final BiConsumer<DeviceState, DeviceState> onMoved;
  private final ManualClock clock;
  private final List<DeviceState> requested = new ArrayList<>();
  private int resets;

  /**
   * Creates the device.
   *
   * @param onMoved called after each transition with the states before and after it
   * @param clock advanced by slow transitions
   */
  SimulatedUseDevice(MisbehavingDevice honest, Optional<UseMisbehaviour> misbehaviour,
      BiConsumer<DeviceState, DeviceState> onMoved, ManualClock clock) {
    this.honest = honest;
    this.misbehaviour = misbehaviour;
    this.onMoved = onMoved;
    this.clock = clock;
  }

  /** Returns the states requested so far. */
  List<DeviceState> requested() {
    return requested;
  }

  /** Returns the number of resets requested so far. */
  int resets() {
    return resets;
  }

  private boolean misbehaves(UseMisbehaviour other) {
    return misbehaviour.filter(other::equals).isPresent();
  }

  @Override
  public DeviceIdentity identity() {
    return honest.identity();
  }

  @Override
  public MigrationFeatures features() {
    return honest.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return misbehaves(UseMisbehaviour.STARTS_STOPPED) ? DeviceState.STOP : honest.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    requested.add(target);
    DeviceState from = honest.state();
    boolean refused = (from == DeviceState.RUNNING && target == DeviceState.RUNNING_P2P
        && misbehaves(UseMisbehaviour.REFUSES_P2P))
        || (from == DeviceState.STOP_COPY && misbehaves(UseMisbehaviour.STAYS_IN_STOP_COPY));
    if (refused) {
      throw new TransitionException(identity().name(), from, target, Errno.EIO, from, null);
    }
    if (from == DeviceState.RUNNING_P2P && misbehaves(UseMisbehaviour.STAYS_IN_P2P)) {
      return new TransitionResult(target, Optional.empty());
    }
    boolean slow = (target == DeviceState.RUNNING_P2P && misbehaves(UseMisbehaviour.SLOW))
        || (target == DeviceState.STOP_COPY && misbehaves(UseMisbehaviour.LONG_PAUSE));
    if (slow) {
      clock.advance(Duration.ofSeconds(1));
    }
    TransitionResult reached = honest.moveTo(target);
    onMoved.accept(from, target);
    return reached;
  }

  @Override
  public void reset() throws DeviceException {
    resets++;
    honest.reset();
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    if (misbehaves(UseMisbehaviour.LENGTH_REFUSED)) {
      throw new DeviceException(identity().name(), "stop-copy length", Errno.EINVAL);
    }
    return honest.stopCopyLength();
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return honest.dmaLog().map(Log::new);
  }

  @Override
  public void close() {
    honest.close();
  }

  private final class Log implements DmaLog {

    private final DmaLog inner;

    Log(DmaLog inner) {
      this.inner = inner;
    }

    @Override
    public long start(List<IovaRange> ranges, long pageSize) throws DeviceException {
      if (misbehaves(UseMisbehaviour.LOG_IN_USE)) {
        throw new DeviceException(identity().name(), "start DMA logging", Errno.EINVAL);
      }
      return inner.start(ranges, pageSize);
    }

    @Override
    public void stop() throws DeviceException {
      if (!misbehaves(UseMisbehaviour.LOG_STAYS_ON)) {
        inner.stop();
      }
    }

    @Override
    public void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException {
      if (misbehaves(UseMisbehaviour.LOG_NOT_REPORTED)) {
        throw new DeviceException(identity().name(), "report", Errno.EOPNOTSUPP);
      }
      inner.report(range, pageSize, bitmap);
    }
  }
}
