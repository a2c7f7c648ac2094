// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.region;

import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DeviceStateMachine;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A device of version 2 with a configurable stream, whose arcs fail on request. */
final class StreamDevice implements MigratableDevice, DeviceStateMachine.ArcTaker {

  /** The results of reads while the device runs, chunk by chunk, and after it has stopped. */
  final Deque<byte[]> preCopy = new ArrayDeque<>();
  final Deque<byte[]> stopCopy = new ArrayDeque<>();
  /** The data written to the resuming sessions. */
  final ByteArrayOutputStream written = new ByteArrayOutputStream();

  private final DeviceStateMachine machine;
  private int arcsUntilFailure = -1;
  private Errno failure = Errno.EIO;
  private boolean failsIntoError;
  private boolean failsPermanently;
  private boolean refusesData;

  StreamDevice(MigrationFeatures features) {
    machine = new DeviceStateMachine("dev", features, this, (_, _, _) -> {
    });
  }

  /** Fails at the arc after a number of successful ones, once or from then on. */
  void failAfter(int arcs, boolean intoError, boolean forGood) {
    arcsUntilFailure = arcs;
    failure = Errno.EIO;
    failsIntoError = intoError;
    failsPermanently = forGood;
  }

  /**
   * Refuses arcs, like a device that lacks them or does not accept the data written, until reset by another
   * call.
   */
  void refuse() {
    failAfter(0, false, true);
    failure = Errno.EINVAL;
  }

  void refuseData() {
    refusesData = true;
  }

  @Override
  public Optional<DataSession> take(Arc arc) throws ArcException {
    if (arcsUntilFailure == 0) {
      arcsUntilFailure = failsPermanently ? 0 : -1;
      throw new ArcException(failure, failsIntoError, "told to fail");
    }
    arcsUntilFailure = Math.max(-1, arcsUntilFailure - 1);
    if (arc.opensSaving()) {
      return Optional.of(new StreamSavingSession());
    }
    return arc.opensResuming() ? Optional.of(new StreamResumingSession()) : Optional.empty();
  }

  /** Reads a chunk, or the part of it that fits. */
  private final class StreamSavingSession implements SavingSession {
    @Override
    public long read(MemorySegment into) {
      Deque<byte[]> chunks = state() == DeviceState.STOP_COPY && preCopy.isEmpty() ? stopCopy : preCopy;
      byte @Nullable [] chunk = chunks.poll();
      if (chunk == null) {
        return state() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
      }
      int count = (int) Math.min(chunk.length, into.byteSize());
      MemorySegment.copy(chunk, 0, into, ValueLayout.JAVA_BYTE, 0, count);
      if (count < chunk.length) {
        chunks.push(java.util.Arrays.copyOfRange(chunk, count, chunk.length));
      }
      return count;
    }

    @Override
    public Optional<PreCopyInfo> preCopyInfo() {
      return Optional.of(new PreCopyInfo(0, preCopy.stream().mapToLong(chunk -> chunk.length).sum(), false));
    }

    @Override
    public void close() {
      // the chunks remain
    }
  }

  /** Collects the data written. */
  private final class StreamResumingSession implements ResumingSession {
    @Override
    public void write(MemorySegment data) throws DeviceException {
      if (refusesData) {
        throw new DeviceException("dev", "write", Errno.EBADMSG);
      }
      written.writeBytes(data.toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public void close() {
      // no resources
    }
  }

  @Override
  public DeviceIdentity identity() {
    return new DeviceIdentity("dev", 1, 2, 3, 4, 5, "test");
  }

  @Override
  public MigrationFeatures features() {
    return machine.features();
  }

  @Override
  public DeviceState state() {
    return machine.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    return machine.moveTo(target);
  }

  @Override
  public void reset() {
    machine.onReset("asked to");
  }

  @Override
  public OptionalLong stopCopyLength() {
    return OptionalLong.of(stopCopy.stream().mapToLong(chunk -> chunk.length).sum());
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.empty();
  }

  @Override
  public void close() {
    // no resources
  }
}
