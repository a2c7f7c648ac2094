// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Loads a state into a misbehaving device; a lax one checks the state only when it leaves RESUMING. */
final class MisbehavingResumingSession implements ResumingSession {

  private static final int HEAD_BYTES = 8;

  private final MisbehavingDevice device;
  private final ResumingSession honest;
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();
  private final boolean defersChecks;
  private boolean refused;

  MisbehavingResumingSession(MisbehavingDevice device, ResumingSession honest) {
    this.device = device;
    this.honest = honest;
    this.defersChecks = Stream
        .of(Misbehaviour.ACCEPTS_EMPTY, Misbehaviour.ACCEPTS_TRUNCATED, Misbehaviour.ACCEPTS_TRAILING_DATA,
            Misbehaviour.ACCEPTS_CORRUPT, Misbehaviour.ACCEPTS_FOREIGN, Misbehaviour.CORRUPTED_BY_REFUSAL)
        .anyMatch(device::misbehaves);
  }

  boolean isRefused() {
    return refused;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    boolean odd = data.byteSize() % 2 != 0 && device.servesData(false);
    if (odd && device.misbehaves(Misbehaviour.REFUSES_ODD_SIZES)) {
      throw new DeviceException(device.name(), "write", Errno.EINVAL);
    }
    if (!defersChecks || !device.servesData(false)) {
      writeThrough(data);
    } else {
      all.writeBytes(data.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private void writeThrough(MemorySegment data) throws DeviceException {
    try {
      honest.write(data);
    } catch (DeviceException e) {
      if (e.errno().equals(Errno.ENODEV)) {
        throw endedSession(e);
      }
      refused = true;
      throw e;
    }
  }

  private DeviceException endedSession(DeviceException e) {
    return device.misbehaves(Misbehaviour.ENDED_SESSION_WRONG_ERRNO)
        ? new DeviceException(device.name(), "write", Errno.EIO)
        : e;
  }

  /** Passes on the written state, or a valid one in its place if the misbehaviours accept what was written. */
  void flush() throws DeviceException {
    if (!defersChecks) {
      return;
    }
    byte[] bytes = all.toByteArray();
    List<byte[]> saved = device.savedStates();
    boolean known = saved.stream().anyMatch(state -> Arrays.equals(state, bytes));
    boolean makesDo =
        !known && !saved.isEmpty() && misbehaviourFor(bytes, saved).map(device::misbehaves).orElse(false);
    byte[] loaded = makesDo ? saved.getLast() : bytes;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(Math.max(1, loaded.length)).asSlice(0, loaded.length);
      honest.write(data.copyFrom(MemorySegment.ofArray(loaded)));
    }
  }

  private static Optional<Misbehaviour> misbehaviourFor(byte[] bytes, List<byte[]> saved) {
    if (bytes.length == 0) {
      return Optional.of(Misbehaviour.ACCEPTS_EMPTY);
    }
    for (byte[] state : saved) {
      int common = Arrays.mismatch(state, bytes);
      if (common == bytes.length) {
        return Optional.of(Misbehaviour.ACCEPTS_TRUNCATED);
      }
      if (common == state.length) {
        return Optional.of(Misbehaviour.ACCEPTS_TRAILING_DATA);
      }
      if (bytes.length == state.length && common >= HEAD_BYTES) {
        return Optional.of(Misbehaviour.ACCEPTS_CORRUPT);
      }
    }
    return Optional.of(Misbehaviour.ACCEPTS_FOREIGN);
  }

  @Override
  public void close() {
    honest.close();
  }
}
