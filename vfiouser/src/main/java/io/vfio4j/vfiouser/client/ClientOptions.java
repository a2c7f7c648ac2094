// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.time.Duration;

/**
 * Options of a connection to a server.
 *
 * @param limits limits that the client offers; the lower of each side's values is in force
 * @param keepState whether to request that the server leave a device in RUNNING as it is when this client
 *     disconnects
 * @param keepStopped whether to request, beyond {@code keepState}, that the server leave a stopped device
 *     (STOP, STOP_COPY) in STOP with its state, and a running one whose state is being read (PRE_COPY and the
 *     P2P states) in RUNNING: for a client that saves the state of a device and may be killed meanwhile
 * @param control whether the socket is a control socket ({@link ControlClient})
 * @param twinSocket whether to request that the server send its own commands, for memory that it reaches by
 *     message, over a second socket, where they do not wait for the client's exchanges on the first
 * @param timeout maximum duration of an exchange: the server receives a command, handles it and replies
 * @param migrationTimeout maximum duration of an exchange that moves or resets the device, or carries its
 *     state; at least {@code timeout}
 * @param busyPoll how long the client polls for a reply before it sleeps; zero to sleep at once. Polling
 *     saves the wakeup latency and occupies a processor
 * @param socketBuffer bytes that the kernel may buffer on the way to the server; the system may impose a
 *     lower limit
 */
public record ClientOptions(Limits limits, boolean keepState, boolean keepStopped, boolean control,
    boolean twinSocket, Duration timeout, Duration migrationTimeout, Duration busyPoll, int socketBuffer) {

  /** The protocol's limits, no state kept, one socket, timeouts of ten seconds, no busy polling. */
  public static final ClientOptions DEFAULT =
      new ClientOptions(Limits.DEFAULT, false, false, false, false, Duration.ofSeconds(10),
          Duration.ofSeconds(10), Duration.ZERO, SocketTransport.DEFAULT_BUFFER);

  /** Checks the durations and the size of the buffer. */
  public ClientOptions {
    SocketTransport.checkSettings(timeout, busyPoll, socketBuffer);
    if (migrationTimeout.compareTo(timeout) < 0) {
      throw new IllegalArgumentException(
          "the migration timeout of %s is shorter than the timeout of %s".formatted(migrationTimeout,
              timeout));
    }
  }

  /** Returns a builder that begins with {@link #DEFAULT}. */
  public static Builder builder() {
    return DEFAULT.toBuilder();
  }

  /** Returns a builder that begins with these options. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Returns these options with another {@code keepState}. */
  public ClientOptions withKeepState(boolean keep) {
    return toBuilder().keepState(keep).build();
  }

  /** Returns these options with another {@code keepStopped}. */
  public ClientOptions withKeepStopped(boolean keep) {
    return toBuilder().keepStopped(keep).build();
  }

  /** Returns these options with another {@code control}. */
  ClientOptions withControl(boolean isControl) {
    return toBuilder().control(isControl).build();
  }

  /** Returns these options with another {@code twinSocket}. */
  public ClientOptions withTwinSocket(boolean wanted) {
    return toBuilder().twinSocket(wanted).build();
  }

  /** Returns these options with other limits. */
  public ClientOptions withLimits(Limits offered) {
    return toBuilder().limits(offered).build();
  }

  /**
   * Returns these options with another timeout, also for exchanges that move the device or carry its state.
   */
  public ClientOptions withTimeout(Duration timeout) {
    return toBuilder().timeout(timeout).migrationTimeout(timeout).build();
  }

  /**
   * Returns these options with another timeout for exchanges that move or reset the device, or carry its
   * state.
   */
  public ClientOptions withMigrationTimeout(Duration timeout) {
    return toBuilder().migrationTimeout(timeout).build();
  }

  /** Returns these options with another duration of busy polling. */
  public ClientOptions withBusyPoll(Duration time) {
    return toBuilder().busyPoll(time).build();
  }

  /** Returns these options with another size of the kernel's buffers. */
  public ClientOptions withSocketBuffer(int bytes) {
    return toBuilder().socketBuffer(bytes).build();
  }

  /** Builds options. Each setter sets the component of the same name and returns this builder. */
  public static final class Builder {

    private Limits limits;
    private boolean keepState;
    private boolean keepStopped;
    private boolean control;
    private boolean twinSocket;
    private Duration timeout;
    private Duration migrationTimeout;
    private Duration busyPoll;
    private int socketBuffer;

    private Builder(ClientOptions from) {
      limits = from.limits;
      keepState = from.keepState;
      keepStopped = from.keepStopped;
      control = from.control;
      twinSocket = from.twinSocket;
      timeout = from.timeout;
      migrationTimeout = from.migrationTimeout;
      busyPoll = from.busyPoll;
      socketBuffer = from.socketBuffer;
    }

    public Builder limits(Limits value) {
      limits = value;
      return this;
    }

    public Builder keepState(boolean value) {
      keepState = value;
      return this;
    }

    public Builder keepStopped(boolean value) {
      keepStopped = value;
      return this;
    }

    Builder control(boolean value) {
      control = value;
      return this;
    }

    public Builder twinSocket(boolean value) {
      twinSocket = value;
      return this;
    }

    public Builder timeout(Duration value) {
      timeout = value;
      return this;
    }

    public Builder migrationTimeout(Duration value) {
      migrationTimeout = value;
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

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException if a duration is negative, or the migration timeout shorter than the
     *     timeout
     */
    public ClientOptions build() {
      return new ClientOptions(limits, keepState, keepStopped, control, twinSocket, timeout, migrationTimeout,
          busyPoll,
          socketBuffer);
    }
  }
}
