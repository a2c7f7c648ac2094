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
 * Loads what comes over one of the target's connections until it ends: the streams of the devices that it is for, and
 * memory. In a thread of its own, which is the only one that writes to these devices meanwhile.
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
   * Makes a loader.
   *
   * @param control where the source hears what has been loaded
   * @param number which connection this is: 0 for the first, and from 1 the others in their order
   * @param devices the devices that this connection is for
   * @param memory takes the memory that comes over it, if any may
   */
  public StateLoader(StreamConnection connection, StreamConnection control, int number, LoadTargets set,
      BitSet devices,
      Optional<MemoryReceiver> memory) {
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

  /** Loads everything, and returns how many bytes that was. */
  long run() throws IOException {
    for (FrameKind kind = next(); kind != FrameKind.END; kind = next()) {
      switch (kind) {
        case DATA -> write();
        case MEMORY -> loadMemory();
        case INITIAL -> acknowledgeInitial();
        case SYNC -> confirm();
        case ROUND, ALIVE -> {
          // They only say that the source is at work.
        }
        case SAVED -> skipTrailer();
        default -> throw connection.unexpected(kind, "while it sends data");
      }
    }
    return bytes;
  }

  /** What a file says of its source has been read before anything was loaded; a source says no such thing. */
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
    if (lastData.byteSize() != in.length()) { // Frames are mostly of one size: one view serves them all.
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
      throw new StreamException("a segment ends, though not both devices have any");
    }
  }

  /** All that came before has been written to the device: a write returns when the device has taken it. */
  private void acknowledgeInitial() throws IOException {
    control.out().sendInitialLoaded(deviceOf(connection.in()));
  }

  /** Devices and memory have taken all that came before: a write returns when it is done. */
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
          : "data for device %d, of which there is none".formatted(in.device()));
    }
    return in.device();
  }
}
