// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.target;

import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.pages.MemoryReceiver;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.StreamException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;

/**
 * Loads the stream of one connection until END: the devices assigned to it, and memory. It runs in its own
 * thread, which meanwhile makes all calls to these devices.
 */
public final class StateLoader {

  private final StreamConnection connection;
  private final StreamConnection control;
  private final int number;
  private final LoadTargets targets;
  private final BitSet devices;
  private final Optional<MemoryReceiver> memory;
  private MemorySegment lastData;
  private long bytes;

  /**
   * Creates a loader.
   *
   * @param control the connection for acknowledgements
   * @param number the connection: 0 for the first, from 1 for the extra ones in order
   * @param devices the devices assigned to this connection
   * @param memory receives memory, if this connection may carry it
   */
  public StateLoader(StreamConnection connection, StreamConnection control, int number, LoadTargets set,
      BitSet devices, Optional<MemoryReceiver> memory) {
    this.memory = memory;
    this.connection = connection;
    this.control = control;
    this.number = number;
    this.targets = set;
    this.devices = devices;
    this.lastData = connection.in().payload();
  }

  BitSet devices() {
    return devices;
  }

  /** Loads everything, and returns the number of bytes. */
  long run() throws IOException {
    for (FrameKind kind = next(); kind != FrameKind.END; kind = next()) {
      switch (kind) {
        case DATA -> write();
        case MEMORY -> loadMemory();
        case INITIAL -> acknowledgeInitial();
        case SYNC -> confirm();
        case ROUND, ALIVE -> {
          // Only a sign of life.
        }
        case SAVED -> skipTrailer();
        default -> throw connection.unexpected(kind, "while it sends data");
      }
    }
    return bytes;
  }

  /** Skips the trailer of a file, which was read before anything was loaded; a source must not send one. */
  private void skipTrailer() throws StreamException {
    if (!targets.isFile()) {
      throw connection.unexpected(FrameKind.SAVED, "while it sends data");
    }
  }

  private FrameKind next() throws IOException {
    targets.cancellation().check();
    return connection.next(connection.timeout());
  }

  private void loadMemory() throws IOException {
    if (memory.isEmpty()) {
      throw connection.unexpected(FrameKind.MEMORY, "over a connection that is not for it");
    }
    memory.get().apply(connection.in().payload(), connection.in().length());
    bytes += connection.in().length();
  }

  private void write() throws IOException {
    FrameReader in = connection.in();
    int number = deviceOf(in);
    if (lastData.byteSize() != in.length()) { // Most frames have one size, so the last view usually fits.
      lastData = in.payload().asSlice(0, in.length());
    }
    MigratingDevice device = targets.group().devices().get(number);
    device.write(lastData);
    bytes += in.length();
    if (in.endsSegment()) {
      endSegment(device);
    }
  }

  private void endSegment(MigratingDevice device) throws IOException {
    if (targets.segments().get(device.number())) {
      device.endSegment();
    } else if (!targets.isFile()) {
      throw new StreamException("a segment ends, although not both devices have segments");
    }
  }

  /**
   * Acknowledges initial data: all of it has been written, because a write returns when the device has
   * accepted the data.
   */
  private void acknowledgeInitial() throws IOException {
    control.out().sendInitialLoaded(deviceOf(connection.in()));
  }

  /**
   * Confirms: devices and memory have accepted everything before, because a write returns when it is
   * complete.
   */
  private void confirm() throws IOException {
    if (targets.isFile()) {
      throw connection.unexpected(FrameKind.SYNC, "in a file");
    }
    control.out().send(FrameKind.SYNCED, number, 0);
  }

  private int deviceOf(FrameReader in) throws StreamException {
    if (!devices.get(in.device())) {
      throw new StreamException(in.device() < targets.group().size()
          ? "data for device %d, which has another connection".formatted(in.device())
          : "data for device %d, which does not exist".formatted(in.device()));
    }
    return in.device();
  }
}
