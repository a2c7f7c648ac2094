// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a device is served. {@link #DEFAULT} serves one client after another, and resets the device between
 * them.
 *
 * @param limits the limits that the server offers; the lower of its and the client's values is in force
 * @param keepState whether a device in RUNNING keeps its state when a client disconnects
 * @param once whether the server ends with its first client
 * @param stallTimeout how long a client may take to send or receive one message, and to reply to one
 * @param versions the versions of the migration interface that a device has, if it can migrate
 * @param busyPoll how long the server polls for the next message before it sleeps; zero to sleep at once.
 *     Polling saves the time to wake up, and keeps a CPU busy
 * @param socketBuffer size of the socket buffers, bytes; the system may reduce it
 * @param recording where the connections are recorded; stays the caller's
 * @param mappableFiles the files of a client that are mapped; others are read and written
 * @param control the path of the control socket, created with mode 0600; a socket without a listener is
 *     replaced. Only a server of one device has one
 * @param maxHold how long messages of the VMM may wait while a control client moves the device; then the device
 *     returns to RUNNING
 * @param handoverGrace present if a second VMM is admitted, which can become the owner of the device: how long a device
 *     that has lost its owner waits for it; zero to be reset at once. Only with a control socket
 */
public record ServerOptions(Limits limits, KeepState keepState, boolean once, Duration stallTimeout,
    MigrationVersions versions, Duration busyPoll, int socketBuffer, Optional<Recording> recording,
    MappableFiles mappableFiles, Optional<Path> control, Duration maxHold, Optional<Duration> handoverGrace) {

  /** Shorter than QEMU's {@code x-msg-timeout}, 5 s, after which it ends the connection. */
  public static final Duration DEFAULT_MAX_HOLD = Duration.ofSeconds(4);

  public static final ServerOptions DEFAULT = new Builder().build();

  /** Checks that the times and the buffer size are positive. */
  public ServerOptions {
    SocketTransport.checkSettings(stallTimeout, busyPoll, socketBuffer);
    if (maxHold.isNegative() || maxHold.isZero()) {
      throw new IllegalArgumentException("a maximal hold of " + maxHold);
    }
    if (handoverGrace.isPresent() && (control.isEmpty() || handoverGrace.get().isNegative())) {
      throw new IllegalArgumentException("a second VMM with a grace time of %s, and the control socket %s"
          .formatted(handoverGrace.get(), control));
    }
  }

  /** Returns a builder that has the default options. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder that has these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.limits = limits;
    builder.keepState = keepState;
    builder.once = once;
    builder.stallTimeout = stallTimeout;
    builder.versions = versions;
    builder.busyPoll = busyPoll;
    builder.socketBuffer = socketBuffer;
    builder.recording = recording;
    builder.mappableFiles = mappableFiles;
    builder.control = control;
    builder.maxHold = maxHold;
    builder.handoverGrace = handoverGrace;
    return builder;
  }

  public ServerOptions withKeepState(KeepState value) {
    return toBuilder().keepState(value).build();
  }

  public ServerOptions withOnce(boolean value) {
    return toBuilder().once(value).build();
  }

  public ServerOptions withLimits(Limits value) {
    return toBuilder().limits(value).build();
  }

  public ServerOptions withStallTimeout(Duration value) {
    return toBuilder().stallTimeout(value).build();
  }

  public ServerOptions withVersions(MigrationVersions value) {
    return toBuilder().versions(value).build();
  }

  public ServerOptions withBusyPoll(Duration value) {
    return toBuilder().busyPoll(value).build();
  }

  public ServerOptions withSocketBuffer(int value) {
    return toBuilder().socketBuffer(value).build();
  }

  public ServerOptions withRecording(Recording value) {
    return toBuilder().recording(value).build();
  }

  public ServerOptions withMappableFiles(MappableFiles value) {
    return toBuilder().mappableFiles(value).build();
  }

  /** Returns these options with a control socket. */
  public ServerOptions withControl(Path value) {
    return toBuilder().control(value).build();
  }

  public ServerOptions withMaxHold(Duration value) {
    return toBuilder().maxHold(value).build();
  }

  /** Returns these options with a second VMM admitted. */
  public ServerOptions withHandover(Duration grace) {
    return toBuilder().handover(grace).build();
  }

  /** Collects options. */
  public static final class Builder {
    private Limits limits = Limits.DEFAULT;
    private KeepState keepState = KeepState.ON_REQUEST;
    private boolean once = false;
    private Duration stallTimeout = Duration.ofSeconds(10);
    private MigrationVersions versions = MigrationVersions.V2;
    private Duration busyPoll = Duration.ZERO;
    private int socketBuffer = SocketTransport.DEFAULT_BUFFER;
    private Optional<Recording> recording = Optional.empty();
    private MappableFiles mappableFiles = MappableFiles.MEMORY;
    private Optional<Path> control = Optional.empty();
    private Duration maxHold = DEFAULT_MAX_HOLD;
    private Optional<Duration> handoverGrace = Optional.empty();

    private Builder() {
    }

    public Builder keepState(KeepState value) {
      keepState = value;
      return this;
    }

    public Builder once(boolean value) {
      once = value;
      return this;
    }

    public Builder limits(Limits value) {
      limits = value;
      return this;
    }

    public Builder stallTimeout(Duration value) {
      stallTimeout = value;
      return this;
    }

    public Builder versions(MigrationVersions value) {
      versions = value;
      return this;
    }

    public Builder busyPoll(Duration value) {
      busyPoll = value;
      return this;
    }

    public Builder socketBuffer(int value) {
      socketBuffer = value;
      return this;
    }

    public Builder recording(Recording value) {
      recording = Optional.of(value);
      return this;
    }

    public Builder mappableFiles(MappableFiles value) {
      mappableFiles = value;
      return this;
    }

    /** Admits a second VMM. */
    public Builder handover(Duration grace) {
      handoverGrace = Optional.of(grace);
      return this;
    }

    public Builder control(Path value) {
      control = Optional.of(value);
      return this;
    }

    public Builder maxHold(Duration value) {
      maxHold = value;
      return this;
    }

    public ServerOptions build() {
      return new ServerOptions(limits, keepState, once, stallTimeout, versions, busyPoll, socketBuffer,
          recording, mappableFiles, control, maxHold,
          handoverGrace);
    }
  }
}
